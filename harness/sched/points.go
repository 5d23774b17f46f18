package sched

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// A PointID is the number of a point within a search.
type PointID uint32

const (
	// AtStart is where a thread is before it begins, AtOp is between two of its operations, AtEnd is after it has ended.
	// They are no points of the program.
	AtStart PointID = iota
	AtOp
	AtEnd
	firstPoint
)

// MaxPoints is how many points of the program one search can tell apart.
const MaxPoints = 1 << 16

// Points are the points that the threads of a search have passed, and the named resources. They are numbered in the order
// of the first pass, so the numbers mean nothing outside of the search; schedules hold names. All workers share one
// Points.
type Points struct {
	mu        sync.Mutex
	byName    map[string]PointID
	byCall    map[uintptr]PointID
	resources map[string]Resource
	all       atomic.Pointer[[]point] // by number; what was published does not change
}

// A point is a place in the program. line is 0 where there are several.
type point struct {
	name, file string
	line       int
}

func newPoints() *Points {
	p := &Points{byName: map[string]PointID{}, byCall: map[uintptr]PointID{}, resources: map[string]Resource{"": Everything}}
	p.all.Store(&[]point{AtStart: {name: StartPoint}, AtOp: {name: OpPoint}, AtEnd: {name: EndPoint}})
	return p
}

// NewPoints returns an empty Points, for a Mechanism that is asked in another process than its search.
func NewPoints() *Points { return newPoints() }

// Count returns how many numbers were given.
func (p *Points) Count() int { return len(*p.all.Load()) }

// At returns the name of a point, and where it is.
func (p *Points) At(id PointID) (name, file string, line int) {
	at := p.of(id)
	return at.name, at.file, at.line
}

// Named returns the point with a name, at file:line. Points of one name are one point, because a schedule's text does not
// tell them apart.
func (p *Points) Named(name, file string, line int) (PointID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.intern(point{name, file, line})
}

// Called returns the point of an operation that code calls at a program counter, as runtime.Callers returns it. Its name
// is FUNCTION.OPERATION without the package, so it stays the same when lines move.
func (p *Points) Called(pc uintptr, operation string) (PointID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id, known := p.byCall[pc]; known {
		return id, nil
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	function := frame.Function[strings.LastIndexByte(frame.Function, '/')+1:]
	_, function, _ = strings.Cut(function, ".")
	id, err := p.intern(point{function + "." + operation, filepath.Base(frame.File), frame.Line})
	if err == nil {
		p.byCall[pc] = id
	}
	return id, err
}

// intern is called with the lock held.
func (p *Points) intern(made point) (PointID, error) {
	all := *p.all.Load()
	if id, known := p.byName[made.name]; known {
		if old := all[id]; old.line != 0 && old != made {
			all = append([]point(nil), all...)
			all[id].file, all[id].line = "", 0
			p.all.Store(&all)
		}
		return id, nil
	}
	id := PointID(len(all))
	if id-firstPoint >= MaxPoints {
		return 0, fmt.Errorf("the program has more than %d different points, %s is one too many", MaxPoints, made.name)
	}
	p.byName[made.name] = id
	all = append(all, made)
	p.all.Store(&all)
	return id, nil
}

// Resource returns the number of a named resource; "" is Everything.
func (p *Points) Resource(name string) Resource {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, known := p.resources[name]
	if !known {
		n = firstResource + Resource(len(p.resources)-1)
		p.resources[name] = n
	}
	return n
}

// of returns the point with a number.
func (p *Points) of(id PointID) point { return (*p.all.Load())[id] }
