// Command runtimetests runs Go's own tests of the packages that the runtime with hooks changes (failpoints/runtime), on
// that runtime and without a driver: code that is not explored must behave as always. It takes minutes, the first time
// mostly for building the standard library. For another architecture than this machine's it only builds and vets the
// tests, and with -fit it only checks that each change finds its place and that the result compiles.
//
//	go run ./scripts/runtimetests [-race] [-short] [-fit] [-go VERSION,...] [-arch ARCH] [-run PACKAGE,...]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints/runtime"
)

// packages are tested by default. Of runtime and net, only the tests of what the edits touch run: the others take long,
// start programs that have no driver, or look for a network.
const packages = "sync,sync/atomic,context,time,testing/synctest,io,os,os/exec,net,runtime"

// touched selects those tests, by package.
var touched = map[string]string{
	"net":     "^Test(Pipe|Listener|Close|ConnClose|Accept|Conn|TCP|Unix|Read|Write|Deadline)",
	"runtime": "^Test(Chan|Select|Pseudo|NonblockRecv|SelfSelect|MultiConsumer|ShrinkStack|Timer|Sema|Cond|Coro|Netpoll|Gosched|YieldProgress|Goexit|RecoverBefore|Park|LockOSThread|Rand|Synctest|GCFairness|PingPong)",
}

const perPackage = 15 * time.Minute // a last resort: a test binary that reaches it says so

// cheap are the packages that do not take long.
const cheap = "sync,sync/atomic,context,testing/synctest"

// compiled are packages whose test binaries contain all other packages that the edits change.
const compiled = "os/signal,net"

// A job builds and tests the packages with one version of Go.
type job struct {
	version, arch string
	names         []string
	race, fit     bool
}

func main() {
	race := flag.Bool("race", false, "with the race detector")
	short := flag.Bool("short", false, "test only the packages "+cheap)
	fit := flag.Bool("fit", false, "only check that each change finds its place and that the result compiles")
	names := flag.String("run", packages, "the `PACKAGES` to test, separated by commas")
	versions := flag.String("go", "", "`VERSIONS` of Go, as GOTOOLCHAIN names them, separated by commas: go1.25.14 (default the one that is installed)")
	arch := flag.String("arch", "", "the `ARCHITECTURE` to build for (default this machine's)")
	flag.Parse()
	if *short {
		*names = cheap
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed, had := 0, map[string]bool{}
	for version := range strings.SplitSeq(*versions, ",") {
		n, err := job{version, *arch, strings.Split(*names, ","), *race, *fit}.run(ctx)
		had[version] = !errors.Is(err, errAbsent)
		if err != nil && had[version] {
			fmt.Fprintln(os.Stderr, "runtimetests:", err)
			os.Exit(3)
		}
		if !had[version] {
			fmt.Printf("SKIPPED %s, nothing is known about it: %v\n", version, err)
		}
		failed += n
	}
	if why := lacking(had, os.Getenv("CI") != ""); why != "" {
		fmt.Fprintln(os.Stderr, "runtimetests:", why)
		os.Exit(3)
	}
	if failed > 0 {
		fmt.Fprintf(os.Stderr, "runtimetests: the tests of %d packages fail on the runtime with hooks\n", failed)
		os.Exit(1)
	}
}

// errAbsent means that a version of Go is not installed and cannot be downloaded.
var errAbsent = errors.New("this version of Go is not installed and cannot be downloaded")

// lacking returns an error message if some versions were skipped although others could be downloaded, and "" otherwise: a
// CI that has downloaded one version can download the others.
func lacking(had map[string]bool, ci bool) (why string) {
	var absent []string
	downloaded := false
	for version, is := range had {
		if !is {
			absent = append(absent, version)
		}
		downloaded = downloaded || is && version != "" && version != goruntime.Version()
	}
	if len(absent) == 0 || !ci || !downloaded {
		return ""
	}
	slices.Sort(absent)
	return "other versions of Go could be downloaded, but these were skipped: " + strings.Join(absent, ", ")
}

func (j job) run(ctx context.Context) (failed int, err error) {
	env := os.Environ()
	if j.version != "" {
		env = append(env, "GOTOOLCHAIN="+j.version)
	}
	if j.arch != "" {
		env = append(env, "GOARCH="+j.arch, "CGO_ENABLED=0")
	}
	tool, err := runtime.Find(ctx, os.TempDir(), env) // no go.mod there asks for a newer one
	switch {
	case err != nil && j.version != "" && ctx.Err() == nil:
		return 0, fmt.Errorf("%w: %w", errAbsent, err)
	case err != nil:
		return 0, err
	}
	patch, err := tool.Fit()
	if err != nil {
		return 0, err
	}
	fmt.Printf("%s %s/%s: all changes find their places, hash of the edited files %s\n", tool.Version, tool.OS, tool.Arch, patch.Hash)
	if j.fit {
		j.names = strings.Split(compiled, ",")
	}
	return j.build(ctx, tool, patch, env)
}

// build makes the test binary of each package and runs it, except with -fit or for another architecture.
func (j job) build(ctx context.Context, tool runtime.Toolchain, patch *runtime.Patch, env []string) (failed int, err error) {
	cache, err := runtime.DefaultCache()
	if err != nil {
		return 0, err
	}
	root, err := tool.Reached(cache)
	if err != nil {
		return 0, err
	}
	folder, err := os.MkdirTemp("", "racewindow-runtimetests-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	for _, name := range j.names {
		b := runtime.Build{
			Toolchain: tool, Patch: patch, Cache: cache, Dir: filepath.Join(root, "src"), Package: name, Race: j.race, Undriven: true, Env: env,
			Output: filepath.Join(folder, strings.ReplaceAll(name, "/", "-")+".test"),
		}
		if err := b.Run(ctx); err != nil {
			return failed, err
		}
		if j.fit {
			fmt.Printf("%s %s/%s: the changed files compile in %s\n", tool.Version, tool.OS, tool.Arch, name)
			continue
		}
		if j.arch != "" {
			if err := b.Vet(ctx); err != nil {
				return failed, err
			}
			fmt.Printf("built and vetted %s\n", name)
		} else if !test(ctx, b, name) {
			failed++
		}
	}
	return failed, nil
}

// test runs one binary in the folder of its package.
func test(ctx context.Context, b runtime.Build, name string) (ok bool) {
	args := []string{"-test.short", "-test.timeout=" + perPackage.String()}
	if touched[name] != "" {
		args = append(args, "-test.run="+touched[name])
	}
	cmd := exec.CommandContext(ctx, b.Output, args...)
	cmd.Dir = filepath.Join(b.Dir, filepath.FromSlash(name))
	root := filepath.Dir(b.Dir)
	cmd.Env = append(os.Environ(), "GOROOT="+root, "GOTOOLCHAIN=local", "PWD="+cmd.Dir, "PATH="+filepath.Join(root, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	said, err := cmd.CombinedOutput()
	if err != nil {
		fmt.Printf("FAIL %s: %v\n%s\n", name, err, said)
		return false
	}
	fmt.Printf("ok   %s\n", name)
	return true
}
