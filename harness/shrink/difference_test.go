package shrink

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatASmallerCaseLacksIsNamed(t *testing.T) {
	t.Parallel()
	const program = "v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end"
	for _, row := range []struct{ c, smaller, want string }{
		{"; ! disk sync * #1 = EIO, disk write * #2 = EIO", "; ! disk write * #2 = EIO", "without the fault 'disk sync * #1 = EIO'"},
		{"; ! disk sync * #1 = EIO, disk write * #2 = EIO", "; ! disk sync * #1 = EIO", "without the fault 'disk write * #2 = EIO'"},
		{"; ! disk sync * #2 = EIO", "; ! disk sync * #1 = EIO", "with the fault 'disk sync * #1 = EIO' instead of 'disk sync * #2 = EIO'"},
		{"; crash w0@end disk=1", "", "without the crash"},
		{"; crash w0@end disk=1 model=weak", "; crash w0@end disk=1", "with 'crash w0@end disk=1' instead of 'crash w0@end disk=1 model=weak'"},
	} {
		require.Equal(t, row.want, Difference(parse(t, program+row.c).General(), parse(t, program+row.smaller).General()))
	}
}
