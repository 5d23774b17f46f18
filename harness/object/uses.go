package object

import "github.com/racewindow/racewindow/harness/sched"

// UsesDisk says whether the object, opened with the default options, is opened on Env.Disk. What Open fails with is an error.
func (o *Object) UsesDisk() (uses bool, err error) {
	runner := sched.NewRunner(func(x *sched.Execution) {
		e := o.newEnv(o.defaults())
		x.AtEnd(e.end)
		x.TasksMayRemain()
		x.Stuck(func() error { return nil })
		if _, err := o.open(x.Context(), e); err != nil {
			x.Fail(err)
		}
		uses = e.onDisk
		x.Go("alone", func(*sched.T) {})
	}, sched.Options{})
	if f := runner.Replay(nil, false).Failure; f != nil {
		return uses, f
	}
	return uses, nil
}
