package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/sched"
)

// A fix mends a kernel. Each edit is a text that must be in the kernel exactly once, and its replacement. A fix without edits says
// that the kernel has no bug.
type fix struct {
	kernel string
	edits  [][2]string
}

// preemptions is the bound within which a fix must hold.
const preemptions = 2

// cannotLeak reports whether a kernel has no bug.
func cannotLeak(k kernel) bool {
	return slices.ContainsFunc(fixes, func(f fix) bool { return f.kernel == k.name && f.edits == nil })
}

// mend makes the edits of each fix.
func mend(kernels []kernel) (mended []kernel, err error) {
	for _, k := range kernels {
		i := slices.IndexFunc(fixes, func(f fix) bool { return f.kernel == k.name })
		if i < 0 {
			continue
		}
		for _, e := range fixes[i].edits {
			if n := bytes.Count(k.source, []byte(e[0])); n != 1 {
				return nil, fmt.Errorf("the fix of %s does not fit: %q is there %d times", k.name, e[0], n)
			}
			k.source = bytes.Replace(k.source, []byte(e[0]), []byte(e[1]), 1)
		}
		mended = append(mended, k)
	}
	return mended, nil
}

// checkFixes checks that each fix holds in every schedule within the bound.
func (s *settings) checkFixes(ctx context.Context, session *plain.Session, folder string, kernels []kernel) (code int, err error) {
	mended, err := mend(kernels)
	if err != nil {
		return 0, err
	}
	if len(mended) == 0 {
		return 0, nil
	}
	fmt.Fprintf(s.out, "\n| fixed kernel | schedules |\n|---|---|\n")
	held := 0
	err = s.explore(ctx, session, folder, mended, drive.Order{Strategy: "bounded", Preemptions: preemptions}, func(k kernel, r *result) {
		n := len(r.summary.Exhausted)
		switch {
		case len(r.found) > 0:
			fmt.Fprintf(s.out, "| %s | **%s** |\n", k.name, r.found[0].Failure.Message)
		case r.summary.Verdict != drive.HeldAll || n == 0 || !r.summary.Exhausted[n-1].Complete && r.summary.Exhausted[n-1].Bound < preemptions:
			fmt.Fprintf(s.out, "| %s | **%s: %s** |\n", k.name, r.summary.Verdict, r.summary.Because)
		default:
			held++
			fmt.Fprintf(s.out, "| %s | all %d hold |\n", k.name, r.summary.Exhausted[n-1].Schedules)
		}
	})
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(s.out, "\n%d of %d fixes hold %s\n", held, len(mended), sched.Within(preemptions, ""))
	if held < len(mended) {
		return 1, nil
	}
	return 0, nil
}
