package failpoints

// An Access says what the code after a point does with its resource.
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

// A Declaration says what a point of a package is for. It stands beside the code of that package.
type Declaration struct {
	// Name is the name in the marker or in the typed wait.
	Name string
	Kind Kind
	// Resource is what the code after the point touches: the name of a piece of the package's shared state. Two points
	// conflict if they name the same resource and one of them writes it. A point without a declaration, or without a
	// resource, conflicts with every point.
	Resource string
	Access   Access
	// Also lists what else that code touches. Strategies and the count of partial orders go by Resource alone. A search that
	// takes the order of independent steps as arbitrary goes by both, so that Resource and Also must be all that is shared: what
	// a lock guards need not be listed as long as the code holds the lock.
	Also []Touch
	// Reason says why the point exists: what can go wrong there.
	Reason string
}

// A Touch is a piece of the package's shared state and what is done with it. The resource "" is everything.
type Touch struct {
	Resource string
	Access   Access
}

// declared holds the declarations by import path.
var declared = map[string][]Declaration{}

// Declare registers the declarations of the package with the import path pkg, and returns them. Call it once for each
// package, in a package-level variable, in every build:
//
//	var points = failpoints.Declare("example.com/cache", []failpoints.Declaration{
//		{Name: "cache/looked", Resource: "values", Access: failpoints.Writes, Reason: "another client may put the same key"},
//	})
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

// declare copies the declaration of p, if there is one, into p. The caller holds registry.mu.
func (p *Point) declare() {
	for _, d := range declared[p.pkg] {
		if d.Name == p.name {
			p.resource, p.access, p.also, p.declared = d.Resource, d.Access, d.Also, true
		}
	}
}

// Declarations returns the declarations of the package with the import path pkg.
func Declarations(pkg string) []Declaration {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return append([]Declaration(nil), declared[pkg]...)
}
