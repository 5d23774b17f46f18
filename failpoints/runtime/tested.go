package runtime

// tested maps the hash (Patch.Hash) of files of GOROOT with which Go's own tests and this project's have run to the release that has
// them. Several releases may have the same files.
var tested = map[string]string{
	"30ba5236638e9194": "go1.25.14",
	"705be2fabdfbfea0": "go1.26.8",
	"4c097bb51494223d": "go1.27.4",
}
