package object

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage/disk"
)

// withMade is a sound journal beside so many files.
func withMade(t *testing.T, files int) *Object {
	t.Helper()
	return journals(t, sound, func(c *Config) {
		c.Open = func(_ context.Context, e *Env) (any, error) {
			if err := made(e.Disk(), files); err != nil {
				return nil, err
			}
			return openJournal(e.Disk(), sound)
		}
	})
}

func TestPowerIsLostDuringTheFirstOpeningUnderLoad(t *testing.T) {
	t.Parallel()
	r, err := withMade(t, 1).Crash(t.Context(), crashLoadOf(nil))
	require.NoError(t, err)
	require.Nil(t, r.Finding, "%+v", r.Finding)
	require.Zero(t, r.DataRaces)
	require.NotZero(t, r.Openings)
	require.Less(t, r.Openings, r.Instances/2)

	r, err = withMade(t, 2).Crash(t.Context(), crashLoadOf(func(c *CrashLoad) { c.Cycles = 20_000 }))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "FirstOpening", r.Finding.Violation.Class())
	require.ErrorContains(t, r.Finding.Violation, "after a loss of power while the object was opened for the first time, after ")
	require.ErrorContains(t, r.Finding.Violation, "1 files of 2")
	require.Contains(t, r.Finding.Evidence, "power was lost while the object was opened for the first time, after ")
}

// The journal is used rightly unless power was lost after its name was durable and before that of the other file was.
func TestAnObjectGoesOnAfterItsFirstOpeningLostPower(t *testing.T) {
	t.Parallel()
	o := journals(t, sound, func(c *Config) {
		c.Open = func(_ context.Context, e *Env) (any, error) {
			d, f := e.Disk(), sound
			if has(d, "journal") && !has(d, "ready") {
				f = forgets
			}
			j, err := openJournal(d, f)
			if err == nil && !has(d, "ready") {
				err = newFile(d, "ready")
			}
			return j, err
		}
	})
	r, err := o.Crash(t.Context(), crashLoadOf(func(c *CrashLoad) { c.Cycles = 20_000 }))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "Durability", r.Finding.Violation.Class())
	require.Regexp(t, `before that it was lost while the object was opened for the first time, after \w+ (journal|ready|\.), and left ordered journal:0 [0-9a-f]+\n`, r.Finding.Evidence)
}

func has(d disk.Disk, name string) bool {
	f, err := d.Open(name)
	return err == nil && f.Close() == nil
}

func newFile(d disk.Disk, name string) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), d.SyncDir("."))
}

// The process would end otherwise, without a report.
func TestAPanicOfALaterOpeningUnderLoadIsAFinding(t *testing.T) {
	t.Parallel()
	lost := &aftermath{opening: true}
	panics := &plan{object: &Object{Config: Config{Open: func(context.Context, *Env) (any, error) { panic("half a page") }}}}
	_, err := panics.openAfter(t.Context(), lost, nil)
	require.EqualError(t, err, "panic: half a page")
	require.Panics(t, func() { _, _ = panics.openAfter(t.Context(), nil, nil) }, "that of a new object is one of the test")
}
