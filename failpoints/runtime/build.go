// Building one test binary with the runtime.

package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A Build describes one test binary. Toolchain, Patch, Cache, Dir, Package and Output are required.
type Build struct {
	Toolchain Toolchain
	Patch     *Patch
	Cache     Cache
	Dir       string // in which the go command runs
	Package   string
	Output    string // the binary
	Race      bool
	// Flags are the user's flags for the go command: -tags, -gcflags and such.
	Flags []string
	// Driver holds files that are added to GOROOT/src besides those of the patch. They drive the binary and import nothing else.
	Driver map[string][]byte
	// Unraced is a pattern for packages of the driver that are compiled without race detection, which would cost a third of the
	// driver's time.
	Unraced string
	// Debug compiles everything except the standard library for a debugger: nothing is inlined, no variable is optimized away.
	Debug bool
	// Undriven lets the binary start without a driver: for Go's own tests on the runtime.
	Undriven bool
	Env      []string // environment of the go command; nil for the process's own
}

// A BuildError holds what the go command said about a package that it could not build.
type BuildError struct {
	Package, Said string
	// NoTests says that the package has no test files.
	NoTests bool
}

func (e *BuildError) Error() string {
	return fmt.Sprintf("the tests of %s cannot be built:\n%s", e.Package, e.Said)
}

// stopAfter is how long an interrupted go command may continue before it is killed.
const stopAfter = 5 * time.Second

// Run builds the binary. The error is a *BuildError if the package itself does not build.
func (b Build) Run(ctx context.Context) error {
	root, overlay, done, err := b.prepare()
	if err != nil {
		return err
	}
	defer done()
	args, err := b.arguments(overlay)
	if err != nil {
		return err
	}
	said, err := b.command(ctx, root, args)
	if err != nil {
		return err
	}
	if _, err := os.Stat(b.Output); err != nil {
		return &BuildError{Package: b.Package, Said: said, NoTests: true}
	}
	return b.carried()
}

// Vet runs go vet on the package with the files of the patch. It leaves out the rule for unsafe.Pointer, which the runtime breaks.
func (b Build) Vet(ctx context.Context) error {
	root, overlay, done, err := b.prepare()
	if err != nil {
		return err
	}
	defer done()
	_, err = b.command(ctx, root, []string{"vet", "-unsafeptr=false", "-overlay=" + overlay, b.Package})
	return err
}

// prepare writes the files of the build. done removes them.
func (b Build) prepare() (root, overlay string, done func(), err error) {
	if err := b.Cache.make(); err != nil {
		return "", "", nil, err
	}
	root, err = b.Toolchain.Reached(b.Cache)
	if err != nil {
		return "", "", nil, err
	}
	stage, err := os.MkdirTemp("", "racewindow-runtime-")
	if err != nil {
		return "", "", nil, fmt.Errorf("make a folder for the files of the runtime: %w", err)
	}
	done = func() { _ = os.RemoveAll(stage) }
	if overlay, err = b.stage(stage, root); err != nil {
		done()
		return "", "", nil, err
	}
	return root, overlay, done, nil
}

// command runs the go command. The error is a *BuildError if the go command rejects the package.
func (b Build) command(ctx context.Context, root string, args []string) (said string, err error) {
	cmd := exec.CommandContext(ctx, filepath.Join(root, "bin", "go"), args...)
	cmd.Dir, cmd.Env = b.Dir, b.environment(root)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopAfter
	out, err := cmd.CombinedOutput()
	said = strings.TrimSpace(string(out))
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return said, context.Cause(ctx)
	case errors.As(err, &ended):
		return said, &BuildError{Package: b.Package, Said: said}
	case err != nil:
		return said, fmt.Errorf("run the go command of %s: %w", root, err)
	}
	return said, nil
}

// refusal is what a binary with the runtime prints if it has no driver (racewindowStart). So every such binary contains this text.
const refusal = "racewindow: this program was built with racewindow's runtime and has no driver"

// carried checks that the binary contains the runtime. If the go command knows the same folder by another name, it silently ignores
// the overlay. The binary would then run its tests in the usual way, and they would seem to hold.
func (b Build) carried() error {
	content, err := os.ReadFile(b.Output)
	if err != nil {
		return fmt.Errorf("look at a test binary: %w", err)
	}
	if !bytes.Contains(content, []byte(refusal)) {
		return fmt.Errorf("the go command of %s built %s without racewindow's runtime: it did not take the overlay", b.Toolchain.Root, b.Package)
	}
	return nil
}

// environment is the go command's environment. Of two entries for one variable, the later one counts.
func (b Build) environment(root string) []string {
	env := b.Env
	if env == nil {
		env = os.Environ()
	}
	return append(env[:len(env):len(env)], "GOROOT="+root, "GOTOOLCHAIN=local", "GOCACHE="+b.Cache.build(), "PWD="+b.Dir)
}

// written is the modification time that a file of the stage gets. The go command does not index files that are only seconds old, and
// the early releases of Go 1.26 do not find a package of the overlay that they have not indexed. The index identifies a file by its
// name, size and time, so the time is derived from the content.
func written(content []byte) time.Time { return time.Unix(int64(crc32.ChecksumIEEE(content)>>2), 0) }

// stage writes the files of the build, and the overlay that puts them where they belong.
func (b Build) stage(dir, root string) (overlay string, err error) {
	replace := map[string]string{}
	for _, files := range []map[string][]byte{b.Patch.Files, b.Driver} {
		for name, content := range files {
			file := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				return "", fmt.Errorf("write the files of the runtime: %w", err)
			}
			if err := os.WriteFile(file, content, 0o600); err != nil {
				return "", fmt.Errorf("write the files of the runtime: %w", err)
			}
			if err := os.Chtimes(file, time.Time{}, written(content)); err != nil {
				return "", fmt.Errorf("write the files of the runtime: %w", err)
			}
			replace[filepath.Join(root, "src", filepath.FromSlash(name))] = file
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("write the overlay of the runtime: %w", err)
	}
	overlay = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", fmt.Errorf("write the overlay of the runtime: %w", err)
	}
	return overlay, nil
}
