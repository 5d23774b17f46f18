//go:build go1.26

package testing

// racewindowPaths says which package a test is of, as another test says it: t.ArtifactDir asks.
func racewindowPaths(c *common, of *T) { c.modulePath, c.importPath = of.modulePath, of.importPath }
