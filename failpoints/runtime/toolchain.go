// The installed Go: which one a folder's go.mod selects, and whether the edits fit it.

package runtime

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	goversion "go/version"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A Toolchain is the Go that builds the packages of a folder.
type Toolchain struct {
	Root     string // GOROOT
	Version  string // go1.26.8
	OS, Arch string
	// ModuleCache and Flags are the values of GOMODCACHE and GOFLAGS.
	ModuleCache, Flags string
}

// Supported is the platform for which the edits are made.
const Supported = "linux/amd64"

// Built is a platform for which the edits build, but on which nobody has run them.
const Built = "linux/arm64"

// Minors are the versions of Go for which the edits are made, the oldest first. Where the added files differ between versions, build
// constraints choose, as in the standard library.
var Minors = []string{"go1.25", "go1.26", "go1.27"}

// An UnsupportedError says why the runtime is not available here.
type UnsupportedError struct{ Why string }

func (e *UnsupportedError) Error() string { return e.Why }

// Find asks the go command which toolchain it uses in a folder. env is its environment, nil for the process's own.
func Find(ctx context.Context, dir string, env []string) (Toolchain, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOROOT", "GOVERSION", "GOOS", "GOARCH", "GOMODCACHE", "GOFLAGS")
	cmd.Dir, cmd.Env = dir, env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return Toolchain{}, errors.New("the go command is not on the PATH: install Go (https://go.dev/dl), or add the folder of go to PATH")
		}
		return Toolchain{}, fmt.Errorf("go env in %s: %w\n%s", dir, err, strings.TrimSpace(stderr.String()))
	}
	var said struct{ GOROOT, GOVERSION, GOOS, GOARCH, GOMODCACHE, GOFLAGS string }
	if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
		return Toolchain{}, fmt.Errorf("understand go env: %w", err)
	}
	return Toolchain{Root: said.GOROOT, Version: said.GOVERSION, OS: said.GOOS, Arch: said.GOARCH, ModuleCache: said.GOMODCACHE, Flags: said.GOFLAGS}, nil
}

// minor is the version without the number of the patch release: go1.26. A development version has none.
func (t Toolchain) minor() string {
	version, _, _ := strings.Cut(t.Version, " ") // of "go1.26.1 X:nosomething"
	return goversion.Lang(version)
}

// A Patch holds every file that a build uses in place of one of GOROOT/src, or besides those, by its path there.
type Patch struct {
	Files map[string][]byte
	// Tested says that the edits have been tested with exactly these files of GOROOT. Otherwise it is only known that the anchors fit.
	Tested bool
	// Hash is the hash of the original files of GOROOT that the edits change.
	Hash string
}

// Patch applies the edits to the toolchain's files. If this Go cannot be used, the error is an *UnsupportedError or an *UnfitError.
func (t Toolchain) Patch() (*Patch, error) {
	if platform := t.OS + "/" + t.Arch; platform != Supported {
		why := fmt.Sprintf("racewindow's runtime is made for %s, and this builds for %s", Supported, platform)
		if platform == Built {
			why += ", for which it builds but was never tested"
		}
		return nil, &UnsupportedError{why}
	}
	return t.Fit()
}

// Fit applies the edits without checking whether their platform is supported: for building and vetting them. Its errors are those of
// Patch.
func (t Toolchain) Fit() (*Patch, error) {
	if !slices.Contains(Minors, t.minor()) {
		return nil, &UnsupportedError{fmt.Sprintf("racewindow's runtime is made for %s, and go.mod or the PATH selects %s", strings.Join(Minors, ", "), t.Version)}
	}
	p := &Patch{Files: Added()}
	original := map[string][]byte{}
	for _, e := range Edits(t.Version, t.Arch) {
		text, known := p.Files[e.File]
		if !known {
			content, err := os.ReadFile(filepath.Join(t.Root, "src", filepath.FromSlash(e.File)))
			if errors.Is(err, fs.ErrNotExist) {
				return nil, &UnfitError{Edit: e, Version: t.Version, Found: -1}
			} else if err != nil {
				return nil, fmt.Errorf("read a file of %s: %w", t.Root, err)
			}
			text, original[e.File] = content, content
		}
		changed, found := e.apply(string(text))
		if found != e.times() {
			return nil, &UnfitError{Edit: e, Version: t.Version, Found: found}
		}
		p.Files[e.File] = []byte(changed)
	}
	p.Hash = hashOf(original)
	p.Tested = tested[p.Hash] != ""
	return p, nil
}

// Key identifies everything that the standard library with these changes and a driver is built from, except the compiler's flags. If
// two machines have the same key, one can use the build cache of the other.
func (t Toolchain) Key(p *Patch, driver map[string][]byte) string {
	return fmt.Sprintf("%s-%s-%s-%s", strings.ReplaceAll(t.Version, " ", "-"), t.OS, t.Arch, hashOf(map[string][]byte{
		"root": []byte(t.Root), "patch": []byte(hashOf(p.Files)), "driver": []byte(hashOf(driver)),
	}))
}

// hashOf is the hash of files and their names.
func hashOf(files map[string][]byte) string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	sum := sha256.New()
	for _, name := range names {
		fmt.Fprintf(sum, "%s %d\n", name, len(files[name]))
		sum.Write(files[name])
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Reached returns a path to the toolchain's folder below which the go command applies overlays. It applies none in the module cache,
// where downloaded toolchains lie, so Reached makes a symbolic link in c to such a toolchain.
func (t Toolchain) Reached(c Cache) (root string, err error) {
	real, err := filepath.EvalSymlinks(t.Root)
	if err != nil {
		return "", fmt.Errorf("find the toolchain: %w", err)
	}
	cache, err := filepath.EvalSymlinks(t.ModuleCache)
	if err != nil || !beneath(real, cache) && !beneath(t.Root, t.ModuleCache) {
		return t.Root, nil // a module cache that does not exist holds no toolchain
	}
	link := filepath.Join(c.Dir, "toolchains", t.Version)
	if at, err := os.Readlink(link); err == nil && at == real {
		return link, nil
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
		return "", fmt.Errorf("make a link to the toolchain: %w", err)
	}
	fresh := fmt.Sprintf("%s.%d", link, os.Getpid())
	if err := os.Symlink(real, fresh); err != nil {
		return "", fmt.Errorf("make a link to the toolchain: %w", err)
	}
	if err := os.Rename(fresh, link); err != nil {
		return "", fmt.Errorf("make a link to the toolchain: %w", err)
	}
	return link, nil
}

// beneath says whether path is inside dir.
func beneath(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return dir != "" && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
