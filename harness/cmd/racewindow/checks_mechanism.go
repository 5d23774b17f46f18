// Chooses the mechanism of a Check's threads: the markers of the code, or the runtime with hooks if the code has no markers.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints/overlay"
	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/recorded"
)

// bySchedule are the modes with a scheduler. In the others Checks run freely, and need no mechanism.
var bySchedule = []string{drive.Explore, drive.Replay, drive.Report}

// findMechanisms finds the packages whose code has no markers, which the runtime with hooks explores.
func (r *checkRun) findMechanisms(ctx context.Context, packages []plain.Package) error {
	if !slices.Contains(bySchedule, r.order.Mode) {
		return nil
	}
	var unmarked []string
	for _, p := range packages {
		marked, err := hasMarkers(ctx, p.ImportPath)
		if err != nil {
			return err
		}
		if !marked {
			unmarked = append(unmarked, p.ImportPath)
		}
	}
	if len(unmarked) == 0 {
		return nil
	}
	session, err := plain.Open(ctx, "", environment.Full())
	var unsupported *runtime.UnsupportedError
	var unfit *runtime.UnfitError
	switch {
	case errors.As(err, &unsupported), errors.As(err, &unfit):
		fmt.Fprintf(r.out, "Checks of %s: their code has no markers, and racewindow's runtime does not work here: %v\n", strings.Join(unmarked, ", "), err)
		return nil
	case err != nil:
		return err
	case r.race:
		return usageError{fmt.Errorf("--race: the Checks of %s need racewindow's runtime, because their code has no markers, and with the race detector that runtime explores plain tests only: leave --race out",
			strings.Join(unmarked, ", "))}
	}
	r.session, r.byRuntime = session, unmarked
	fmt.Fprintf(r.out, "Checks of %s: mechanism runtime, because the code has no markers; %s %s/%s\n", strings.Join(unmarked, ", "),
		session.Toolchain.Version, session.Toolchain.OS, session.Toolchain.Arch)
	return nil
}

// failpointsPackage is imported by code with typed waits.
const failpointsPackage = "github.com/racewindow/racewindow/failpoints"

// hasMarkers reports whether a package, or a package of the same module that it depends on, has markers or typed waits.
func hasMarkers(ctx context.Context, path string) (bool, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-test", "-json=ImportPath,Imports,ForTest,Module", "--", path)
	cmd.Env = environment.Full()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	listed, err := cmd.Output()
	if err != nil {
		return false, usageError{fmt.Errorf("%s cannot be listed: %s", path, strings.TrimSpace(stderr.String()+" "+err.Error()))}
	}
	var own []string
	for decoder := json.NewDecoder(bytes.NewReader(listed)); ; {
		var p struct {
			ImportPath, ForTest string
			Imports             []string
			Module              *struct{ Main bool }
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return false, fmt.Errorf("understand go list: %w", err)
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		if slices.Contains(p.Imports, failpointsPackage) {
			return true, nil
		}
		if p.ForTest == "" && !strings.HasSuffix(p.ImportPath, ".test") {
			own = append(own, p.ImportPath)
		}
	}
	markers, err := overlay.List(ctx, overlay.Command{Args: append([]string{"--"}, own...), Env: environment.Full(), Stderr: io.Discard})
	if err != nil {
		return false, sourcesError(err)
	}
	return len(markers) > 0, nil
}

// buildByRuntime builds a package's tests with racewindow's runtime.
func buildByRuntime(ctx context.Context, s *plain.Session, p plain.Package, file string, flags []string) error {
	err := runtime.Build{Toolchain: s.Toolchain, Patch: s.Patch, Cache: s.Cache, Dir: p.Dir, Package: ".", Output: file, Driver: plain.Driver(), Env: s.Env, Flags: flags}.Run(ctx)
	var wrong *runtime.BuildError
	if errors.As(err, &wrong) {
		return usageError{err}
	}
	return err
}

// testByRuntime does what test does, for one package whose code has no markers.
func (r *checkRun) testByRuntime(ctx context.Context, p plain.Package, pattern, skip string, order drive.Order, output io.Writer) (code int, err error) {
	order.Own = p.Own()
	if order.Mode == drive.Crash && !r.goroutinesGiven {
		order.Goroutines = goroutinesOfFolders
	}
	folder, err := os.MkdirTemp("", "racewindow-checks-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, p.Name+".test")
	if err := buildByRuntime(ctx, r.session, p, file, r.build); err != nil {
		return 0, err
	}
	args := []string{"-test.count=1", "-test.timeout=0", "-" + drive.Flag + "=" + order.String()}
	if pattern != "" {
		args = append(args, "-test.run="+pattern)
	}
	if skip != "" {
		args = append(args, "-test.skip="+skip)
	}
	home, remove, err := recorded.Home()
	if err != nil {
		return 0, err
	}
	defer remove()
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Dir, cmd.Env = p.Dir, append(environment.Full(), "PWD="+p.Dir, home)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = output, output, time.Second
	var failed *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &failed) && ctx.Err() == nil {
		return 0, fmt.Errorf("run a test binary: %w", err)
	}
	return cmd.ProcessState.ExitCode(), nil
}
