package failpoints

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPointIsMadeOncePerPackageAndName(t *testing.T) {
	t.Parallel()
	const pkg = "example.org/once"
	p := Lookup(pkg, "a")
	require.Same(t, p, Lookup(pkg, "a"))
	require.Same(t, p, WaitPoint(pkg, "a"))
	require.NotSame(t, p, Lookup(pkg, "b"))
	require.NotSame(t, p, Lookup("example.org/other", "a"))
	require.Equal(t, "a", p.Name())
	require.Equal(t, pkg, p.Package())
	require.Equal(t, KindYield, p.Kind())
	require.Equal(t, KindWait, WaitPoint(pkg, "w").Kind())
}

func TestIDsAreDense(t *testing.T) {
	t.Parallel()
	p := Lookup("example.org/dense", "a")
	points := Points()
	for i, known := range points {
		require.Equal(t, i, known.ID())
	}
	require.Same(t, p, points[p.ID()])
}

func TestARegisteredMarkerKnowsItsPlace(t *testing.T) {
	plain(t)
	pkg := fmt.Sprintf("example.org/place%d", len(Points())) // points live as long as the process
	require.NotContains(t, Spliced(), pkg+"/a")
	early := Lookup(pkg, "a")
	_, line := early.Position()
	require.Zero(t, line)
	p := Register(pkg, "a", KindFault, "first.go", 7)
	require.Same(t, early, p)
	require.Same(t, p, Register(pkg, "a", KindFault, "second.go", 8))
	file, line := p.Position()
	require.Empty(t, file, "equal names share one point, whose place is then not one")
	require.Zero(t, line)
	require.Contains(t, Spliced(), pkg+"/a")
	require.True(t, Instrumented())
}

func TestAMarkerWithAComputedNameCountsAsInstrumented(t *testing.T) {
	plain(t)
	RegisterComputed("example.org/computed", "a.go", 1, KindYield)
	require.True(t, Instrumented())
}

// declaredRuns counts the runs of a test, because a declaration lasts as long as the process.
var declaredRuns atomic.Uint64

func TestADeclaredPointHasItsResource(t *testing.T) {
	t.Parallel()
	pkg := fmt.Sprintf("example.org/declared%d", declaredRuns.Add(1))
	early := Lookup(pkg, "early")
	require.False(t, early.Declared())
	given := []Declaration{{Name: "early", Resource: "tail", Access: Reads}, {Name: "late", Resource: "file", Access: Writes}}
	for _, p := range []*Point{early, func() *Point { Declare(pkg, given); return Lookup(pkg, "late") }()} {
		require.True(t, p.Declared(), "%s: whether the point or its declaration came first does not matter", p.Name())
	}
	resource, access := early.Resource()
	require.Equal(t, "tail", resource)
	require.Equal(t, Reads, access)
	resource, access = Lookup("example.org/unknown", "early").Resource()
	require.Empty(t, resource)
	require.Equal(t, Nothing, access)
	require.Equal(t, given, Declarations(pkg))
	Declarations(pkg)[0].Name = "changed"
	require.Equal(t, given, Declarations(pkg), "a reader changed what is declared")
}

func TestKindsAndAccessesHaveWords(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"yield", "fault", "wait", "unknown"},
		[]string{KindYield.String(), KindFault.String(), KindWait.String(), Kind(99).String()})
	require.Equal(t, []string{"-", "read", "write"}, []string{Nothing.String(), Reads.String(), Writes.String()})
}
