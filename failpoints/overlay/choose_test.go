package overlay

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Looking for racewindow's runtime under -mod=mod would have added a requirement to the user's go.mod. For that, a module
// below its path is enough, such as one with an adapter.
func TestLookingForTheOwnRuntimeDoesNotRequireIt(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	adapter := ownModule + "/adapter"
	m.publish(t, ownModule, "v0.9.0", map[string]string{
		"go.mod": "module " + ownModule + "\n\ngo 1.21\n", "failpoints/f.go": "package failpoints\n",
	})
	m.publish(t, adapter, "v0.9.0", map[string]string{"go.mod": "module " + adapter + "\n\ngo 1.21\n", "a.go": "package adapter\n"})
	m.write(t, "save/adapted.go", "package save\n\nimport _ \""+adapter+"\"\n")
	m.write(t, "go.mod", m.read(t, "go.mod")+"\nrequire "+adapter+" v0.9.0\n")
	before := m.read(t, "go.mod")
	r := m.mustRun(t, "build", "-mod=mod", "./save")
	require.Contains(t, r.stderr, "all markers keep pingcap's runtime", "%s", r)
	require.Equal(t, before, m.read(t, "go.mod"))
}
