package runtime

// tested are the hashes (Patch.Hash) of the files of GOROOT with which Go's own tests and this project's were run, and the release that
// has them. Several releases may have the same.
var tested = map[string]string{
	"89f05856fd44f23a": "go1.26.8",
	"ebe6c4165fac571c": "go1.25.14",
	"ad94985540c2947e": "go1.27.4",
}
