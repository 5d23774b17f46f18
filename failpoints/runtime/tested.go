package runtime

// tested maps the hash (Patch.Hash) of files of GOROOT with which Go's own tests and this project's have run to the release that has
// them. Several releases may have the same files.
var tested = map[string]string{
	"1e46d09be1a353d2": "go1.25.14",
	"0d48d1c44197308c": "go1.26.8",
	"8295631e5701eb3b": "go1.27.4",
}
