// Package properties holds what must be true of every case, as gopter properties: it draws whole cases (options, programs
// of several clients, delays at failpoints), executes them, and shrinks one that breaks a promise until nothing can be
// left out of it. Nothing imports it.
//
// How many cases are drawn: -racewindow.cases N, for 'make properties' more than for 'make test'.
package properties
