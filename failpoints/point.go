package failpoints

import (
	"sort"
	"sync"
	"sync/atomic"
)

// A Kind says what can happen at a point.
type Kind uint8

const (
	// KindYield is a point at which another goroutine may run.
	KindYield Kind = iota
	// KindFault is a point at which an error, a torn write or a crash may be injected.
	KindFault
	// KindWait is a yield point at which the code then waits: for a lock, a channel, a condition or the clock.
	KindWait
)

// String names the kind as lists print it.
func (k Kind) String() string {
	switch k {
	case KindYield:
		return "yield"
	case KindFault:
		return "fault"
	case KindWait:
		return "wait"
	}
	return "unknown"
}

// A Point is one failpoint. It is made once, by name, and lives as long as the process.
type Point struct {
	id       int
	pkg      string
	name     string
	full     string
	kind     Kind
	file     string
	line     int
	spliced  bool
	resource string
	access   Access
	also     []Touch
	declared bool
}

// ID returns a small number that indexes tables of points; IDs are dense from 0. They differ between builds, so do not store
// them.
func (p *Point) ID() int { return p.id }

// Name returns the name in the marker, for example "read/metadata-loaded".
func (p *Point) Name() string { return p.name }

// FullName returns the name by which pingcap's runtime knows the point: the package, a slash, the name.
func (p *Point) FullName() string { return p.full }

// Package returns the import path of the package that holds the marker.
func (p *Point) Package() string { return p.pkg }

// Kind says what can happen at the point.
func (p *Point) Kind() Kind { return p.kind }

// Position returns the base name of the source file and the line of the marker; "" and 0 if it is unknown or there are
// several.
func (p *Point) Position() (file string, line int) { return p.file, p.line }

// Declared says whether the point's package declares the point.
func (p *Point) Declared() bool { return p.declared }

// Resource names what the code after the point touches, and how; it is empty if the point is not declared.
func (p *Point) Resource() (string, Access) { return p.resource, p.access }

// Also lists what else the code after the point touches, as its package declares it. Do not change it.
func (p *Point) Also() []Touch { return p.also }

// registry holds every point. It is written while packages initialise, and later read without a lock: a lock that all
// markers share would order the goroutines that pass them, and hide their data races.
var registry struct {
	mu     sync.Mutex
	points atomic.Pointer[[]*Point]
	byName atomic.Pointer[map[string]*Point]
}

// instrumented is set by Register, which only the instrumented build calls, before any other code of the registering package
// can run. It is not written after that.
var instrumented bool

// Register makes the point of a spliced marker. Only the files that the instrumented build adds call it. Markers with equal
// names in one package share one point, whose position is then unknown.
func Register(pkg, name string, kind Kind, file string, line int) *Point {
	instrumented = true
	p := intern(pkg, name, kind)
	registry.mu.Lock()
	defer registry.mu.Unlock()
	switch {
	case !p.spliced:
		p.spliced, p.file, p.line = true, file, line
	case p.file != file || p.line != line:
		p.file, p.line = "", 0
	}
	return p
}

// RegisterComputed records a spliced marker whose name is computed at run time, and which therefore cannot be listed.
func RegisterComputed(_, _ string, _ int, _ Kind) { instrumented = true }

// WaitPoint makes the point of a typed wait. The package that waits calls it from a package-level variable, in every build.
func WaitPoint(pkg, name string) *Point { return intern(pkg, name, KindWait) }

// Lookup returns the point with that name, and makes it if it is new. It serves names that are computed at run time.
func Lookup(pkg, name string) *Point {
	if m := registry.byName.Load(); m != nil {
		if p := (*m)[pkg+"/"+name]; p != nil {
			return p
		}
	}
	return intern(pkg, name, KindYield)
}

func intern(pkg, name string, kind Kind) *Point {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	full := pkg + "/" + name
	points, byName := []*Point(nil), map[string]*Point{}
	if old := registry.byName.Load(); old != nil {
		if p := (*old)[full]; p != nil {
			return p
		}
		points = append(points, *registry.points.Load()...)
		for k, v := range *old {
			byName[k] = v
		}
	}
	p := &Point{id: len(points), pkg: pkg, name: name, full: full, kind: kind}
	p.declare()
	points, byName[full] = append(points, p), p
	registry.points.Store(&points)
	registry.byName.Store(&byName)
	return p
}

// Points returns every point known so far, in the order of their IDs.
func Points() []*Point {
	if ps := registry.points.Load(); ps != nil {
		return append([]*Point(nil), *ps...)
	}
	return nil
}

// Instrumented says whether the instrumented build has rewritten any marker of this binary to call this package.
func Instrumented() bool { return instrumented }

// Spliced returns the full names of the markers that the instrumented build rewrote, sorted.
func Spliced() []string {
	var names []string
	for _, p := range Points() {
		if p.spliced {
			names = append(names, p.pkg+"/"+p.name)
		}
	}
	sort.Strings(names)
	return names
}
