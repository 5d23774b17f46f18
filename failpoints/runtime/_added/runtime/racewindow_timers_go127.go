//go:build go1.27

package runtime

func racewindowTimers() {}
