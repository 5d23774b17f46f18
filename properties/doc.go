// Package properties states what must be true of every case, as gopter properties. It draws whole cases (options, programs
// of several clients, delays at failpoints) and executes them. It shrinks a case that breaks a promise until nothing more
// can be left out. Nothing imports this package.
//
// The flag -racewindow.cases N sets how many cases are drawn; 'make properties' draws more than 'make test'.
package properties
