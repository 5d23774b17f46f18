//go:build go1.26

package testing

// racewindowPaths copies the package of a test to another one, for t.ArtifactDir.
func racewindowPaths(c *common, of *T) { c.modulePath, c.importPath = of.modulePath, of.importPath }
