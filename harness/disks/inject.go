package disks

// An Injector decides which operations fail. A disk asks it before each operation, one at a time, with the disk's lock held.
// The decision depends on the operations so far and on nothing else. On makes rules, Nth and From narrow them, Any joins
// them, a Counter counts their faults, a Toggle switches them; String and Parse convert them to text and back.
type Injector interface {
	// String returns a text that Parse reads.
	String() string
	// inject must be hidden from the race detector (//go:norace).
	inject(o *Operation) (Fault, bool)
}

// A Rule injects one fault into operations of one kind on matching names.
type Rule struct {
	kind Kind
	glob string
	// first and last are the matching operations that fail, counted from 1; a last of 0 means no end.
	first, last int
	fault       Fault

	seen int
}

// On returns a rule for all operations of a kind on names that match glob: '*' matches any bytes, including slashes, '?' one
// byte. For a Rename the old name counts.
func On(kind Kind, glob string, f Fault) *Rule {
	return &Rule{kind: kind, glob: glob, first: 1, fault: f}
}

// Nth returns the rule restricted to its n-th matching operation, counted from 1.
func Nth(n int, r *Rule) *Rule {
	narrow := *r
	narrow.first, narrow.last, narrow.seen = n, n, 0
	return &narrow
}

// From returns the rule restricted to its n-th matching operation and all later ones.
func From(n int, r *Rule) *Rule {
	narrow := *r
	narrow.first, narrow.last, narrow.seen = n, 0, 0
	return &narrow
}

// Kind returns the kind of the operations that fail.
func (r *Rule) Kind() Kind { return r.kind }

// Fault returns the fault that the rule injects.
func (r *Rule) Fault() Fault { return r.fault }

// Misplaces says whether the rule's fault does so (Fault.Misplaces).
func (r *Rule) Misplaces() bool { return r.fault.Misplaces() }

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

// matches is like path.Match, but '*' also matches slashes, and only '*' and '?' are special.
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

// Any asks all injectors, so that each one counts, and takes the first fault.
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

// A Counter counts the faults of another injector. Its text is that injector's.
type Counter struct {
	Injector
	count int
}

// Count returns a counter of an injector's faults.
func Count(i Injector) *Counter { return &Counter{Injector: i} }

// Faults returns the number of faults. Call it only while nothing uses the disk.
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

// A Toggle is an injector that can be switched off and on. While it is off, it counts no operations. Its text is the
// injector's.
type Toggle struct {
	Injector
	off bool
}

// Switched returns a Toggle for an injector, switched on.
func Switched(i Injector) *Toggle { return &Toggle{Injector: i} }

// Switch turns the faults on or off. Call it only while nothing uses the disk.
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
