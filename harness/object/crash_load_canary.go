package object

import (
	"context"
	"fmt"

	"github.com/racewindow/racewindow/harness/recorded"
)

// A hungCanary says that an object never went on before the planted bug was caught.
type hungCanary struct{ finding *CrashFinding }

// Error says where it happened.
func (e *hungCanary) Error() string {
	return fmt.Sprintf("the canary was not caught: in '%v', %v", e.finding.Case, e.finding.Violation)
}

// crashLoadCanaries makes sure that a run with these settings detects a durable operation that has no effect, one whose syncs do not
// reach a disk of recorded files, and an object that cannot be opened after a loss of power while it was made.
func (o *Object) crashLoadCanaries(ctx context.Context, c CrashLoad) (words string, err error) {
	kinds := []defectKind{losesDurable}
	if recorded.Possible() && o.keepsInFolder() {
		kinds = append(kinds, losesSync)
	}
	if o.makesFiles.Load() != 0 {
		kinds = append(kinds, refusesHalfMade)
	}
	for _, kind := range kinds {
		caught, err := o.crashLoadCanary(ctx, c, kind)
		if err != nil {
			return "", err
		}
		words += "; " + caught
	}
	return words[2:], nil
}

func (o *Object) crashLoadCanary(ctx context.Context, c CrashLoad, kind defectKind) (words string, err error) {
	p, err := o.losing(nil, o.lastingAnyhow())
	if err != nil {
		return "", fmt.Errorf("canary: %w", err)
	}
	p.planted.kind = kind
	c.Duration, c.Cycles, c.Progress, c.Faults = canaryLastResort, canaryCycles, nil, 0
	l := newCrashLoad(o, c, []*plan{p})
	err = l.run(ctx)
	switch r := l.result; {
	case err != nil:
		return "", fmt.Errorf("canary: %w", err)
	case ctx.Err() != nil:
		return "", fmt.Errorf("interrupted before the canary was caught: %w", ctx.Err())
	case l.load.hung:
		return "", &hungCanary{r.Finding}
	case r.Finding == nil:
		return "", fmt.Errorf("%w (%s): %d losses of power in '%v' under the same settings showed nothing, so a run that finds nothing would mean nothing",
			ErrLoadCanary, defectWords[kind], r.Cycles, p.c)
	}
	return fmt.Sprintf("%s was caught within %d losses of power", defectWords[kind], l.result.Cycles), nil
}
