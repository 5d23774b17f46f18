// Command runtimetests runs Go's own tests of the packages that the runtime with hooks changes (failpoints/runtime), on that runtime
// and without a driver: what is not explored must behave as it always did. It takes minutes, the first time most of them for building
// the standard library.
//
//	go run ./scripts/runtimetests [-race] [-go VERSION] [-run PACKAGE,...]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints/runtime"
)

// packages are those that are tested if no others are named. Of runtime itself only what the edits touch: the rest takes long, and
// starts programs that no driver would drive.
const packages = "sync,sync/atomic,context,time,testing/synctest,runtime"

// touched selects the tests of runtime.
const touched = "^Test(Chan|Select|Pseudo|NonblockRecv|SelfSelect|MultiConsumer|ShrinkStack|Timer|Sema|Cond|Coro|Netpoll|Gosched|YieldProgress|Goexit|RecoverBefore|Park|LockOSThread|Rand|Synctest|GCFairness|PingPong)"

const perPackage = 15 * time.Minute // a last resort, which says so

func main() {
	race := flag.Bool("race", false, "with the race detector")
	names := flag.String("run", packages, "the `PACKAGES`, separated by commas")
	version := flag.String("go", "", "the `VERSION` of Go, as GOTOOLCHAIN names it: go1.25.14 (default the one that is installed)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed, err := run(ctx, *version, strings.Split(*names, ","), *race)
	if err != nil {
		fmt.Fprintln(os.Stderr, "runtimetests:", err)
		os.Exit(3)
	}
	if failed > 0 {
		fmt.Fprintf(os.Stderr, "runtimetests: the tests of %d packages fail on the runtime with hooks\n", failed)
		os.Exit(1)
	}
}

func run(ctx context.Context, version string, names []string, race bool) (failed int, err error) {
	env := os.Environ()
	if version != "" {
		env = append(env, "GOTOOLCHAIN="+version)
	}
	tool, err := runtime.Find(ctx, os.TempDir(), env) // no go.mod there asks for a newer one
	if err != nil {
		return 0, err
	}
	patch, err := tool.Patch()
	if err != nil {
		return 0, err
	}
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
	fmt.Printf("%s, hash of the edited files %s\n", tool.Version, patch.Hash)
	for _, name := range names {
		b := runtime.Build{
			Toolchain: tool, Patch: patch, Cache: cache, Dir: filepath.Join(root, "src"), Package: name, Race: race, Undriven: true,
			Output: filepath.Join(folder, strings.ReplaceAll(name, "/", "-")+".test"),
		}
		if err := b.Run(ctx); err != nil {
			return failed, err
		}
		if !test(ctx, b, name) {
			failed++
		}
	}
	return failed, nil
}

// test runs one binary in the folder of its package.
func test(ctx context.Context, b runtime.Build, name string) (ok bool) {
	args := []string{"-test.short", "-test.timeout=" + perPackage.String()}
	if name == "runtime" {
		args = append(args, "-test.run="+touched)
	}
	cmd := exec.CommandContext(ctx, b.Output, args...)
	cmd.Dir = filepath.Join(b.Dir, filepath.FromSlash(name))
	root := filepath.Dir(b.Dir)
	cmd.Env = append(os.Environ(), "GOROOT="+root, "GOTOOLCHAIN=local", "PATH="+filepath.Join(root, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	said, err := cmd.CombinedOutput()
	if err != nil {
		fmt.Printf("FAIL %s: %v\n%s\n", name, err, said)
		return false
	}
	fmt.Printf("ok   %s\n", name)
	return true
}
