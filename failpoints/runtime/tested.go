package runtime

// tested are the hashes (Patch.Hash) of the files of GOROOT with which Go's own tests and this project's were run.
var tested = []string{
	"00e6e31a2c24d10f", // go1.26.8
}
