package failpoints

// An Access says how the code after a point touches its resource.
type Access uint8

const (
	// Nothing: the point only marks a moment.
	Nothing Access = iota
	// Reads the resource.
	Reads
	// Writes the resource.
	Writes
)

// String names the access as lists print it.
func (a Access) String() string {
	switch a {
	case Reads:
		return "read"
	case Writes:
		return "write"
	}
	return "-"
}

// A Declaration says what a point of a package is for. It stands beside the package's code.
type Declaration struct {
	// Name as the marker, or the typed wait, writes it.
	Name string
	Kind Kind
	// Resource is what the code after the point touches: the name of a piece of the package's shared state. Two points conflict
	// if they name the same resource and one writes it. A point that nobody declares, or without a resource, conflicts with
	// every point.
	Resource string
	Access   Access
	// Reason says why the point exists: what can strike there.
	Reason string
}

// declared are the declarations by package.
var declared = map[string][]Declaration{}

// Declare says what the points of a package are for, pkg being its import path. It is called once, for a package-level variable of
// the package, in every build:
//
//	var points = failpoints.Declare("example.com/cache", []failpoints.Declaration{
//		{Name: "cache/looked", Resource: "values", Access: failpoints.Writes, Reason: "another client may put the same key"},
//	})
//
// It returns the declarations.
func Declare(pkg string, all []Declaration) []Declaration {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	declared[pkg] = append(declared[pkg], all...)
	if known := registry.points.Load(); known != nil {
		for _, p := range *known {
			p.declare()
		}
	}
	return append([]Declaration(nil), all...)
}

// declare takes over what is declared of a point. The caller holds registry.mu.
func (p *Point) declare() {
	for _, d := range declared[p.pkg] {
		if d.Name == p.name {
			p.resource, p.access, p.declared = d.Resource, d.Access, true
		}
	}
}

// Declarations are those of a package.
func Declarations(pkg string) []Declaration {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return append([]Declaration(nil), declared[pkg]...)
}
