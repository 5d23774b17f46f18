//go:build !race

package runtime

func racewindowUnignore(*g) {}

func racewindowEnd(*g) {}

func racewindowIdle(*g) {}

func racewindowAcquire(*g, *synctestBubble) {}

func racewindowJoin(*g, *racewindowBubble) {}

type racewindowContexts struct{}

func racewindowKeep(*g) bool { return false }

func racewindowTimer(*timers, *synctestBubble) {}
