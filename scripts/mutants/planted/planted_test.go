package planted

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAHeaderHasEachWordOnce(t *testing.T) {
	t.Parallel()
	read := func(text string) (bug, hint string, err error) {
		err = Header("x.patch", text, map[string]*string{"bug": &bug, "hint": &hint})
		return bug, hint, err
	}
	bug, hint, err := read("# bug: it leaks\n# hint: w0: flush\ndiff --git a/x b/x\n# bug: not a header\n")
	require.NoError(t, err)
	require.Equal(t, []string{"it leaks", "w0: flush"}, []string{bug, hint})
	for _, wrong := range []string{"# bug: a\n# bug: b\n", "# bug:\n", "# bgu: a\n", "# a\n"} {
		_, _, err := read(wrong)
		require.ErrorContains(t, err, "WORD one of bug, hint", wrong)
	}
}

func TestAFolderWithoutPatchesIsAnError(t *testing.T) {
	t.Parallel()
	err := Read(t.TempDir(), func(string, string) error { return nil })
	require.ErrorContains(t, err, "go to the module's root")
	require.Equal(t, 3, ExitCode(err))
	require.Equal(t, 2, ExitCode(fmt.Errorf("%w: x", ErrUsage)))
	require.Equal(t, 1, ExitCode(errors.Join(fmt.Errorf("%w: x", ErrSurvivor))))
	require.Equal(t, 0, ExitCode(nil))
}
