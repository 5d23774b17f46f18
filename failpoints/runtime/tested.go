package runtime

// tested maps the hash (Patch.Hash) of files of GOROOT with which Go's own tests and this project's have run to the release that has
// them. Several releases may have the same files.
var tested = map[string]string{
	"da01389a25dd3639": "go1.25.14",
	"a2eac3c7aba8aa9c": "go1.26.8",
	"35a399ae31a7da1a": "go1.27.4",
}
