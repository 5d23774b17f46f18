//go:build !race

package runtime

func racewindowUnignore(*g) {}

func racewindowEnd(*g) {}

func racewindowJoin(*g, *racewindowBubble) {}
