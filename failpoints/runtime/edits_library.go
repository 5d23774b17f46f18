// Edits of the standard library's other packages: their operations become points.

package runtime

import (
	"fmt"
	"regexp"
	"strings"
)

func syncEdits() (all []Edit) {
	for _, file := range []string{"sync/mutex.go", "sync/once.go", "sync/map.go"} {
		all = append(all, within(file, "imports", "import (\n", "import (\n\t\"unsafe\"\n", "a point needs the address of its object"))
	}
	for _, op := range []struct{ file, head, op, address string }{
		{"sync/mutex.go", "func (m *Mutex) Lock() {", "Lock", "m"},
		{"sync/mutex.go", "func (m *Mutex) TryLock() bool {", "TryLock", "m"},
		{"sync/mutex.go", "func (m *Mutex) Unlock() {", "Unlock", "m"},
		{"sync/rwmutex.go", "func (rw *RWMutex) RLock() {", "RLock", "rw"},
		{"sync/rwmutex.go", "func (rw *RWMutex) TryRLock() bool {", "TryRLock", "rw"},
		{"sync/rwmutex.go", "func (rw *RWMutex) RUnlock() {", "RUnlock", "rw"},
		{"sync/rwmutex.go", "func (rw *RWMutex) Lock() {", "Lock", "rw"},
		{"sync/rwmutex.go", "func (rw *RWMutex) TryLock() bool {", "TryLock", "rw"},
		{"sync/rwmutex.go", "func (rw *RWMutex) Unlock() {", "Unlock", "rw"},
		{"sync/waitgroup.go", "func (wg *WaitGroup) Add(delta int) {", "Add", "wg"},
		{"sync/waitgroup.go", "func (wg *WaitGroup) Done() {", "Done", "wg"},
		{"sync/waitgroup.go", "func (wg *WaitGroup) Wait() {", "Wait", "wg"},
		{"sync/waitgroup.go", "func (wg *WaitGroup) Go(f func()) {", "Add", "wg"},
		{"sync/cond.go", "func (c *Cond) Wait() {", "Wait", "c"},
		{"sync/cond.go", "func (c *Cond) Signal() {", "Signal", "c"},
		{"sync/cond.go", "func (c *Cond) Broadcast() {", "Broadcast", "c"},
		{"sync/once.go", "func (o *Once) Do(f func()) {", "Do", "o"},
		{"sync/pool.go", "func (p *Pool) Put(x any) {", "Put", "p"},
		{"sync/pool.go", "func (p *Pool) Get() any {", "Get", "p"},
		{"sync/map.go", "func (m *Map) Load(key any) (value any, ok bool) {", "Load", "m"},
		{"sync/map.go", "func (m *Map) Store(key, value any) {", "Store", "m"},
		{"sync/map.go", "func (m *Map) Clear() {", "Clear", "m"},
		{"sync/map.go", "func (m *Map) LoadOrStore(key, value any) (actual any, loaded bool) {", "LoadOrStore", "m"},
		{"sync/map.go", "func (m *Map) LoadAndDelete(key any) (value any, loaded bool) {", "LoadAndDelete", "m"},
		{"sync/map.go", "func (m *Map) Delete(key any) {", "Delete", "m"},
		{"sync/map.go", "func (m *Map) Swap(key, value any) (previous any, loaded bool) {", "Swap", "m"},
		{"sync/map.go", "func (m *Map) CompareAndSwap(key, old, new any) (swapped bool) {", "CompareAndSwap", "m"},
		{"sync/map.go", "func (m *Map) CompareAndDelete(key, old any) (deleted bool) {", "CompareAndDelete", "m"},
		{"sync/map.go", "func (m *Map) Range(f func(key, value any) bool) {", "Range", "m"},
	} {
		all = append(all, point(op.file, op.head, op.op, op.address))
	}
	all = append(all,
		within("sync/pool.go", "(*Pool).Put, what is dropped", "		if runtime_randn(4) == 0 {\n", "		if racewindowPool() {\n", "a pool must hand on the same objects with -race as without"),
		within("sync/pool.go", "poolRaceHash", "var poolRaceHash [128]uint64\n", "var poolRaceHash [1 << 16]uint64\n", "two objects that share an entry would order the goroutine that puts one before the goroutine that gets the other"))
	const readLock = "func (r *rlocker) Lock()   { (*RWMutex)(r).RLock() }"
	const readUnlock = "func (r *rlocker) Unlock() { (*RWMutex)(r).RUnlock() }"
	const reason = "the operation is a place at which another goroutine may go on"
	return append(all,
		within("sync/rwmutex.go", "(*rlocker).Lock", readLock, "func (r *rlocker) Lock()   { racewindowPoint(racewindowRLock, unsafe.Pointer(r)); (*RWMutex)(r).RLock() }", reason),
		within("sync/rwmutex.go", "(*rlocker).Unlock", readUnlock, "func (r *rlocker) Unlock() { racewindowPoint(racewindowRUnlock, unsafe.Pointer(r)); (*RWMutex)(r).RUnlock() }", reason))
}

// atomicEdits turn the functions of sync/atomic into Go functions that pass a point and then call the original function, which gets
// another name. The methods of the package's types call these functions.
func atomicEdits() (all []Edit) {
	const reason = "an atomic operation is a point, and a single instruction leaves no room for one"
	const directives = `(?m)^(//go:noescape\n)?((?://go:linknamestd \w+\n)?)` // the second since Go 1.27: it lists the functions that may refer to it
	for _, shape := range []struct {
		name, pattern, call string
		plain, wide         int // how many there are in doc.go and in doc_64.go
	}{
		{"Load", `func (Load)(\w+)\((addr \*[\w.]+)\)( \(.*\))$`, "addr", 4, 2},
		{"Store", `func (Store)(\w+)\((addr \*[\w.]+, val [\w.]+)\)()$`, "addr, val", 4, 2},
		{"Swap", `func (Swap)(\w+)\((addr \*[\w.]+, new [\w.]+)\)( \(.*\))$`, "addr, new", 4, 2},
		{"CompareAndSwap", `func (CompareAndSwap)(\w+)\((addr \*[\w.]+, old, new [\w.]+)\)( \(.*\))$`, "addr, old, new", 4, 2},
		{"Add", `func (Add)(\w+)\((addr \*[\w.]+, delta [\w.]+)\)( \(.*\))$`, "addr, delta", 3, 2},
		{"AndOr", `func (And|Or)(\w+)\((addr \*[\w.]+, mask [\w.]+)\)( \(.*\))$`, "addr, mask", 6, 4},
	} {
		answer := "return "
		if shape.name == "Store" {
			answer = ""
		}
		text := fmt.Sprintf("${2}func ${3}${4}(${5})${6} {\n\tracewindowAtomic(racewindow${3}, unsafe.Pointer(addr))\n\t%sracewindow${3}${4}(%s)\n}\n\n${1}func racewindow${3}${4}(${5})${6}", answer, shape.call)
		for file, times := range map[string]int{"sync/atomic/doc.go": shape.plain, "sync/atomic/doc_64.go": shape.wide} {
			all = append(all, Edit{Name: file[len("sync/atomic/"):] + ": " + shape.name, File: file, Pattern: regexp.MustCompile(directives + shape.pattern), Times: times, Text: text, Reason: reason})
		}
	}
	return append(all,
		Edit{
			Name: "doc.go: linknamestd", File: "sync/atomic/doc.go", From: "go1.27", Pattern: regexp.MustCompile(`(?m)^//go:linknamestd (\w+)$`), Times: 3,
			Text: "//go:linknamestd ${1}\n//go:linknamestd racewindow${1}", Reason: "the linker lets the runtime refer only to names that are exported to it",
		},
		within("sync/atomic/doc_64.go", "imports", "package atomic\n", "package atomic\n\nimport \"unsafe\"\n", "a point needs the address of its object"),
		Edit{Name: "asm.s: names", File: "sync/atomic/asm.s", Pattern: regexp.MustCompile(`(TEXT |JMP\t)·([A-Z])`), Times: asmNames, Text: "${1}·racewindow${2}", Reason: reason},
		Edit{Name: "race_arm64.s: names", File: "runtime/race_arm64.s", Arch: "arm64", Pattern: regexp.MustCompile(`sync∕atomic·([A-Z])`), Times: raceNames, Text: "sync∕atomic·racewindow${1}", Reason: reason},
		Edit{Name: "race_amd64.s: names", File: "runtime/race_amd64.s", Arch: "amd64", Pattern: regexp.MustCompile(`sync∕atomic·([A-Z])`), Times: raceNames, Text: "sync∕atomic·racewindow${1}", Reason: reason},
		Edit{Name: "race.go: names", File: "runtime/race.go", Pattern: regexp.MustCompile(`(//go:linkname \w+ sync/atomic\.)([A-Z])`), Times: raceLinks, Text: "${1}racewindow${2}", Reason: reason},
		Edit{Name: "atomic_pointer.go: names", File: "runtime/atomic_pointer.go", Pattern: regexp.MustCompile(`(//go:linkname \w+ sync/atomic\.)([A-Z])`), Times: 6, Text: "${1}racewindow${2}", Reason: reason})
}

// How often the assembly files and the race detector name a function of sync/atomic.
const (
	asmNames  = 36
	raceNames = 58
	raceLinks = 33
)

func fileEdits() (all []Edit) {
	const reason = "another goroutine may go on before a file operation, where data gets lost"
	for _, op := range []struct{ file, head, op string }{
		{"os/file.go", "func (f *File) Read(b []byte) (n int, err error) {", "Read"},
		{"os/file.go", "func (f *File) ReadAt(b []byte, off int64) (n int, err error) {", "Read"},
		{"os/file.go", "func (f *File) WriteAt(b []byte, off int64) (n int, err error) {", "Write"},
		{"os/file.go", "func (f *File) Seek(offset int64, whence int) (ret int64, err error) {", "Seek"},
		{"os/file_posix.go", "func (f *File) Close() error {", "Close"},
		{"os/file_posix.go", "func (f *File) Truncate(size int64) error {", "Truncate"},
		{"os/file_posix.go", "func (f *File) Sync() error {", "Sync"},
	} {
		all = append(all, enter(op.file, op.head, "\tracewindowOn(f, racewindow"+op.op+")", reason))
	}
	all = append(all, enter("os/file.go", "func (f *File) Write(b []byte) (n int, err error) {", "\tracewindowWrites(f, b)", reason+"; a report shows what the test has printed"))
	const remains = "what an abandoned execution made would still be there in the next one"
	for _, op := range []struct{ file, head, op, afterwards string }{
		{"os/file.go", "func OpenFile(name string, flag int, perm FileMode) (*File, error) {", "Open", "racewindowMakes(name, racewindowNew(name, flag), &racewindowErr)"},
		{"os/file.go", "func Rename(oldpath, newpath string) error {", "Rename", "racewindowMoves(oldpath, newpath, racewindowNew(newpath, O_CREATE), &racewindowErr)"},
		{"os/file_unix.go", "func Remove(name string) error {", "Remove", "racewindowRemoves(name, &racewindowErr)"},
		{"os/file_unix.go", "func Truncate(name string, size int64) error {", "Truncate", ""},
		{"os/file.go", "func Mkdir(name string, perm FileMode) error {", "", "racewindowMakes(name, racewindowNew(name, O_CREATE|O_EXCL), &racewindowErr)"},
		{"os/file_unix.go", "func Link(oldname, newname string) error {", "", "racewindowMakes(newname, racewindowNew(newname, O_CREATE|O_EXCL), &racewindowErr)"},
		{"os/file_unix.go", "func Symlink(oldname, newname string) error {", "", "racewindowMakes(newname, racewindowNew(newname, O_CREATE|O_EXCL), &racewindowErr)"},
		{"os/path.go", "func RemoveAll(path string) error {", "", "racewindowRemoves(path, &racewindowErr)"},
	} {
		all = append(all, around(op.file, op.head, op.op, op.afterwards, reason, remains))
	}
	all = append(all, rootEdits(reason, remains)...)
	const another = "a failure must not count if time passed on the test's clock while a process that it waits for had none"
	all = append(append(all, entropyEdits()...), recordEdits()...)
	return append(all,
		within("os/tempfile.go", "runtime_rand", "//go:linkname runtime_rand runtime.rand\n", "//go:linkname runtime_rand runtime.racewindowOtherRand\n", "a folder that is left from an earlier execution must not shift the random numbers of the code under test"),
		enter("crypto/internal/sysrand/rand.go", "func Read(b []byte) {", "\tracewindowSecret()", "the system's random numbers differ each time, and the report must name that cause"),
		enter("os/proc.go", "func Exit(code int) {", "\tracewindowExiting(code)", "it must end the execution, not the process"),
		within("os/exec_posix.go", "startProcess", "	runtime.KeepAlive(attr)\n\n	if e != nil {\n		return nil, &PathError{Op: \"fork/exec\", Path: name, Err: e}\n	}\n", "	runtime.KeepAlive(attr)\n\n	if e != nil {\n		return nil, &PathError{Op: \"fork/exec\", Path: name, Err: e}\n	}\n	racewindowChild(true)\n", another),
		within("os/exec.go", "(*Process).Wait", "	return p.wait()\n", "	ps, err := p.wait()\n	if ps != nil {\n		racewindowChild(false)\n	}\n	return ps, err\n", another),
		within("os/signal/signal.go", "watchSignalLoop", "\t\t\tgo watchSignalLoop()\n", "\t\t\tracewindowApart(watchSignalLoop)\n", "a goroutine that waits in the system for ever would keep the token"))
}

// rootEdits are for the methods of os.Root, which name a file relative to an open folder.
func rootEdits(point, remains string) (all []Edit) {
	for _, op := range []struct{ head, op string }{
		{"func (r *Root) OpenFile(name string, flag int, perm FileMode) (*File, error) {", "Open"},
		{"func (r *Root) Rename(oldname, newname string) error {", "Rename"},
		{"func (r *Root) Remove(name string) error {", "Remove"},
		{"func (r *Root) RemoveAll(name string) error {", "Remove"},
	} {
		all = append(all, around("os/root.go", op.head, op.op, "", point, remains))
	}
	const file, fresh = "os/root_unix.go", "racewindowMakes(racewindowFresh(%s, O_CREATE|O_EXCL), true, &racewindowErr)"
	for _, op := range []struct{ head, afterwards string }{
		{"func mkdirat(fd int, name string, perm FileMode) error {", fmt.Sprintf(fresh, "fd, name")},
		{"func linkat(oldfd int, oldname string, newfd int, newname string) error {", fmt.Sprintf(fresh, "newfd, newname")},
		{"func symlinkat(oldname string, newfd int, newname string) error {", fmt.Sprintf(fresh, "newfd, newname")},
		{"func removeat(fd int, name string) error {", "racewindowRemoves(racewindowAt(fd, name), &racewindowErr)"},
		{
			"func renameat(oldfd int, oldname string, newfd int, newname string) error {",
			"racewindowMoves(racewindowAt(oldfd, oldname), racewindowAt(newfd, newname), racewindowFresh(newfd, newname, O_CREATE) != \"\", &racewindowErr)",
		},
	} {
		all = append(all, around(file, op.head, "", op.afterwards, point, remains))
	}
	const opens, removes = "			fd, err = unix.Openat(parent, name, openFlag, uint32(perm))\n", "		return struct{}{}, removeAllFrom(parent, name)\n"
	return append(all,
		within(file, "rootOpenFileNolog", opens, "			racewindowName := racewindowFresh(parent, name, flag)\n"+opens+"			racewindowMakes(racewindowName, true, &err)\n", remains),
		within("os/root_openat.go", "rootRemoveAll", removes, "		err := removeAllFrom(parent, name)\n		racewindowRemoves(racewindowAt(parent, name), &err)\n		return struct{}{}, err\n", remains))
}

// around makes a point of a function of package os (if op is not empty), and calls afterwards when it returns. The function's error gets a
// name, because the function has several returns, and a call that has failed has made nothing.
func around(file, head, op, afterwards, point, remains string) Edit {
	var statements []string
	if op != "" {
		statements = append(statements, "\tracewindowNamed(racewindow"+op+")")
	}
	if afterwards == "" {
		return enter(file, head, statements[0], point)
	}
	e := enter(file, head, strings.Join(append(statements, "\tdefer "+afterwards), "\n"), remains)
	named := strings.NewReplacer(") error {", ") (racewindowErr error) {", ") (*File, error) {", ") (_ *File, racewindowErr error) {").Replace(head)
	e.Text = strings.Replace(e.Text, head, named, 1)
	return e
}

// pipeEdits make points of the operations on pipes in memory, of packages io and net, and of closing a listener or a connection. Reads
// and writes of a connection, and Accept, are points in the runtime itself (poll_runtime_pollReset).
func pipeEdits() (all []Edit) {
	const reason = "another goroutine may go on before an operation on a pipe or a connection, and see it still open"
	for _, op := range []struct{ file, head, op, address string }{
		{"io/pipe.go", "func (p *pipe) read(b []byte) (n int, err error) {", "Read", "p"},
		{"io/pipe.go", "func (p *pipe) write(b []byte) (n int, err error) {", "Write", "p"},
		{"io/pipe.go", "func (p *pipe) closeRead(err error) error {", "Close", "p"},
		{"io/pipe.go", "func (p *pipe) closeWrite(err error) error {", "Close", "p"},
		{"net/pipe.go", "func (p *pipe) Read(b []byte) (int, error) {", "Read", ""},
		{"net/pipe.go", "func (p *pipe) Write(b []byte) (int, error) {", "Write", ""},
		{"net/pipe.go", "func (p *pipe) Close() error {", "Close", ""},
		{"net/fd_posix.go", "func (fd *netFD) Close() error {", "Close", ""},
	} {
		all = append(all, enter(op.file, op.head, "\tracewindowOn("+op.address+map[bool]string{true: ", ", false: ""}[op.address != ""]+"racewindow"+op.op+")", reason))
	}
	return append(all, enter("net/fd_unix.go", "func (fd *netFD) init() error {", "\tracewindowSocket()", "the network may make executions differ, and the report must name that cause"))
}

// recordEdits change the system calls through which file operations are recorded.
func recordEdits() []Edit {
	const file, reason = "syscall/syscall_linux.go", "what the code under test does to files is recorded, so that power can be lost at each step of it"
	return []Edit{
		enter(file, "func Syscall(trap, a1, a2, a3 uintptr) (r1, r2 uintptr, err Errno) {",
			"	if racewindowWatches(trap) {\n		return racewindowSyscall(trap, a1, a2, a3, 0, 0, 0)\n	}", reason),
		enter(file, "func Syscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err Errno) {",
			"	if racewindowWatches(trap) {\n		return racewindowSyscall(trap, a1, a2, a3, a4, a5, a6)\n	}", reason),
	}
}

// entropyEdits are for FIPS 140-3, which since Go 1.26 draws entropy from the jitter of a clock.
func entropyEdits() []Edit {
	const file, name, reason = "crypto/internal/fips140deps/time/time.go", "HighPrecisionNow", "a clock whose readings are a nanosecond apart has no jitter, and so yields no entropy"
	now := within(file, name, "	return int64(time.Since(start))\n", "	_ = time.Since\n	_ = start\n	return racewindowMoment()\n", reason)
	now.From, now.Before = "go1.26", "go1.27"
	later := within(file, name, "	return monoTime()\n", "	return racewindowMoment()\n", reason)
	later.From = "go1.27"
	return []Edit{now, later}
}

func testingEdits() []Edit {
	return []Edit{
		within("testing/testing.go", "tRunner's name", "func tRunner(t *T, fn func(t *T)) {\n	t.runner = callerName(0)\n", "func tRunner(t *T, fn func(t *T)) {\n	t.runner = \"testing.tRunner\"\n", "looking up a name that is always the same takes a twentieth of an execution"),
		within("testing/testing.go", "T.report", "	dstr := fmtDuration(t.duration)\n	format := \"--- %s: %s (%s)\\n\"\n", "	if t.chatty == nil && !t.Failed() {\n		return\n	}\n	dstr := fmtDuration(t.duration)\n	format := \"--- %s: %s (%s)\\n\"\n", "writing a duration that nobody reads takes a twentieth of an execution"),
		within("testing/testing.go", "tRunner", "	t.resetRaces()\n	fn(t)\n", "	t.resetRaces()\n	if racewindowTest == nil || !racewindowTest(t, fn) {\n		fn(t)\n	}\n", "the driver explores a test instead of running it once"),
		within("testing/testing.go", "tRunner, the end", "			t.signal <- signal\n", "			t.signal <- signal\n			racewindowDone(t)\n", "an explored test has no test around it that ends"),
		{
			Name: "testing.go: what an error says", File: "testing/testing.go", Pattern: regexp.MustCompile(`c\.log\((fmt\.Sprint\w+\([^\n]*args\.\.\.\))((?:, true)?)\)\n\tc\.(Fail(?:Now)?)\(\)`), Times: 4,
			Text: "c.log(racewindowSays(c, ${1})${2})\n\tc.${3}()", Reason: "a report quotes the first error, not what was logged before it",
		},
		enter("testing/testing.go", "func (c *common) Fail() {", "	racewindowSays(c, \"\")", "a test may fail without a message"),
		{
			Name: "testing.go: what a test logs", File: "testing/testing.go", Pattern: regexp.MustCompile(`func \(o \*outputWriter\) writeLine\(b \[\]byte[^\n]*\) \{\n`), Times: 1,
			Text: "${0}\tracewindowLogs(b)\n", Reason: "a report shows what the test has logged",
		},
		enter("testing/testing.go", "func (m *M) Run() (code int) {", "	defer racewindowEnds()", "files that executions left behind do not belong in the user's module"),
		enter("testing/allocs.go", "func AllocsPerRun(runs int, f func()) (avg float64) {", "	racewindowAlone(true)\n	defer racewindowAlone(false)", "what the driver allocates would be counted"),
		enter("testing/testing.go", "func (c *common) checkRaces() (raceErrors int64) {", "	if racewindowExplores {\n		return 0\n	}", "a data race is a finding of its own, not a failure of the test"),
		within("testing/testing.go", "T.Run", "	t.setOutputWriter()\n\n	if t.chatty != nil {\n		t.chatty.Updatef(t.name, \"=== RUN   %s\\n\", t.name)\n	}\n", "	t.setOutputWriter()\n	racewindowSubtest(t)\n\n	if t.chatty != nil {\n		t.chatty.Updatef(t.name, \"=== RUN   %s\\n\", t.name)\n	}\n", "each sub-test is explored alone, so the driver must know of it"),
	}
}
