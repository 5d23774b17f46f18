//go:build !go1.26

package testing

func racewindowPaths(*common, *T) {}
