package disks

// An Injector decides which operations fail. A disk asks it before each, one at a time, with its lock held; what it decides
// depends on the operations so far and nothing else. Rules are made by On, narrowed by Nth and From, joined by Any, counted by
// a Counter, and switched by a Toggle; String and Parse turn them into text and back.
type Injector interface {
	// String is what Parse understands.
	String() string
	// inject must be hidden from the race detector.
	inject(o *Operation) (Fault, bool)
}

// A Rule injects one fault into operations of one kind on the names that match.
type Rule struct {
	kind Kind
	glob string
	// first and last are the matching operations that fail, counted from 1; a last of 0 is no end.
	first, last int
	fault       Fault

	seen int
}

// On returns a rule for all operations of a kind on names that match: '*' is any run of bytes, slashes included, '?' one byte.
// A Rename matches by its old name.
func On(kind Kind, glob string, f Fault) *Rule {
	return &Rule{kind: kind, glob: glob, first: 1, fault: f}
}

// Nth returns the rule for its n-th matching operation only, counted from 1.
func Nth(n int, r *Rule) *Rule {
	narrow := *r
	narrow.first, narrow.last, narrow.seen = n, n, 0
	return &narrow
}

// From returns the rule for its n-th matching operation and all after it.
func From(n int, r *Rule) *Rule {
	narrow := *r
	narrow.first, narrow.last, narrow.seen = n, 0, 0
	return &narrow
}

// Kind is that of the operations that fail, and Fault what becomes of them.
func (r *Rule) Kind() Kind { return r.kind }

// Fault is as Kind says.
func (r *Rule) Fault() Fault { return r.fault }

//go:norace
func (r *Rule) inject(o *Operation) (Fault, bool) {
	if r.kind != AnyKind && r.kind != o.Kind || !matches(r.glob, o.Name) {
		return Fault{}, false
	}
	r.seen++
	if r.seen < r.first || r.last > 0 && r.seen > r.last {
		return Fault{}, false
	}
	return r.fault, true
}

// matches is path.Match with a '*' that also matches slashes, and nothing but '*' and '?'.
//
//go:norace
func matches(glob, name string) bool {
	for i := 0; i < len(glob); i++ {
		switch {
		case glob[i] == '*':
			for k := 0; k <= len(name); k++ {
				if matches(glob[i+1:], name[k:]) {
					return true
				}
			}
			return false
		case name == "" || glob[i] != '?' && glob[i] != name[0]:
			return false
		}
		name = name[1:]
	}
	return name == ""
}

// Any asks all of them, so that each counts, and takes the first fault.
func Any(injectors ...Injector) Injector { return anyOf(injectors) }

type anyOf []Injector

//go:norace
func (a anyOf) inject(o *Operation) (fault Fault, ok bool) {
	for _, i := range a {
		if f, yes := i.inject(o); yes && !ok {
			fault, ok = f, true
		}
	}
	return fault, ok
}

// A Counter counts the faults that another injector injects. It prints as that one.
type Counter struct {
	Injector
	count int
}

// Count returns a counter of an injector's faults.
func Count(i Injector) *Counter { return &Counter{Injector: i} }

// Faults is how many there were. Ask when the disk is at rest.
//
//go:norace
func (c *Counter) Faults() int { return c.count }

//go:norace
func (c *Counter) inject(o *Operation) (Fault, bool) {
	f, ok := c.Injector.inject(o)
	if ok {
		c.count++
	}
	return f, ok
}

// A Toggle is an injector that can be switched off and on again; while it is off nothing is counted. It prints as the injector.
type Toggle struct {
	Injector
	off bool
}

// Switched returns a Toggle of an injector, switched on.
func Switched(i Injector) *Toggle { return &Toggle{Injector: i} }

// Switch turns the faults on or off. Switch when the disk is at rest.
//
//go:norace
func (t *Toggle) Switch(on bool) { t.off = !on }

//go:norace
func (t *Toggle) inject(o *Operation) (Fault, bool) {
	if t.off {
		return Fault{}, false
	}
	return t.Injector.inject(o)
}
