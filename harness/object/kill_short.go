package object

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/racewindow/racewindow/harness/room"
	"github.com/racewindow/racewindow/harness/spec"
)

// A want says which room a process lacks for what its objects write; "" for none.
type want string

const (
	limited want = "file size limit"
	full    want = "full disk"
)

// A ShortResult says what became of processes without room.
type ShortResult struct {
	// NotRun says why there were none; empty if there were.
	NotRun    string `json:"not_run,omitempty"`
	Processes uint64 `json:"processes"`
	// Met counts objects of which an operation met the limit, or returned while the disk was full. NotOpened counts those that
	// could not be opened for want of room, which is no violation. Asked counts those that were asked, still open, after there
	// was room again; only for a subject that says GoesOn.
	Met       uint64 `json:"objects_that_met_it"`
	NotOpened uint64 `json:"objects_not_opened"`
	Asked     uint64 `json:"objects_asked_with_room_again"`
}

const (
	smallDisk = 4 << 20 // the size of the disk that is full, in bytes
	mostShort = 1 << 20 // processes without room, of either kind
)

// withoutRoom starts the processes that have no room. Other processes, which have room, then open what they leave.
func (k *killing) withoutRoom(ctx context.Context) (err error) {
	if k.Limited > 0 && k.goesOn(ctx) {
		k.result.Limited = &ShortResult{}
		err = k.without(ctx, limited, k.Limited, k.result.Limited)
	}
	if err == nil && k.Full > 0 && k.goesOn(ctx) {
		k.result.Full = &ShortResult{}
		err = k.without(ctx, full, k.Full, k.result.Full)
	}
	return err
}

func (k *killing) goesOn(ctx context.Context) bool {
	return ctx.Err() == nil && k.result.Finding == nil
}

func (k *killing) without(ctx context.Context, lack want, processes int, r *ShortResult) (err error) {
	base, err := os.MkdirTemp(k.Dirs[0], "racewindow-kill-")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLoad, err)
	}
	defer func() { err = errors.Join(err, room.RemoveAll(base)) }()
	var cannot error
	if lack == full {
		_, cannot = room.MountSmall(base, smallDisk)
	} else {
		_, cannot = room.Free(base)
	}
	if cannot != nil {
		r.NotRun = cannot.Error()
		return nil
	}
	plans := &plans{object: k.object, KillLoad: k.KillLoad, phase: lack}
	var left []*remains
	for i := 0; i < processes && k.goesOn(ctx); i++ {
		if left, err = k.sessionWithout(ctx, base, plans, left, r); err != nil {
			return err
		}
		r.Processes++
		if k.Progress != nil {
			k.Progress(k.result)
		}
		if i%2 == 0 && i < processes-1 {
			continue // the next process, without room too, opens what this one has left
		}
		if left, err = k.sessionWithout(ctx, base, plans, left, nil); err != nil {
			return err
		}
	}
	return nil
}

// sessionWithout starts one process. It has no room if counted is set; otherwise it asks what earlier processes have left.
func (k *killing) sessionWithout(ctx context.Context, base string, p *plans, left []*remains, counted *ShortResult) ([]*remains, error) {
	folder, err := os.MkdirTemp(base, "")
	if err != nil {
		return nil, err
	}
	k.child++
	s := k.session(k.child, p)
	s.short, s.last, s.counted = counted != nil, counted == nil, counted
	err = s.run(ctx, folder, left)
	if removed := os.Remove(filepath.Join(base, filler)); !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return s.left, err
}

// countShort counts what a process without room reports of an object.
func (s *session) countShort(kind messageKind) error {
	if s.counted == nil {
		return errors.New("a process that has room reported a want of room: it was built from other sources")
	}
	switch kind {
	case notOpened:
		s.counted.NotOpened++
	case hasMet:
		s.counted.Met++
	case roomAgain:
		s.counted.Asked++
	}
	return nil
}

// judgeWaking judges the answers of an object that was open when there was room again. Some order of the operations must
// explain them, where a failed operation may have taken effect or not.
func (s *session) judgeWaking(r *remains) error {
	r.lack = s.plans.phase
	if !r.waking {
		return nil
	}
	r.waking = false
	h := append(spec.History(nil), r.history...)
	for i := range h {
		if h[i].Outcome == spec.Pending {
			h[i].Outcome = spec.Indeterminate
		}
	}
	v, err := r.plan.explainFor(goesOn, theObject, h)
	var unknown unknownError
	switch {
	case errors.As(err, &unknown):
		s.count(func(k *KillResult) { k.Unjudged++ })
		return nil
	case err != nil:
		return err
	case v != nil:
		v.detail = fmt.Sprintf("although there is room again after a %s, %s", r.lack, v.detail)
		s.found(r, v)
	}
	return nil
}

// ended says how the last process that worked on an object ended.
func (r *remains) ended() string {
	if r.lack != "" {
		return fmt.Sprintf("its process ended, having met a %s", r.lack)
	}
	return "its process was killed"
}

// enough returns an error if processes without room met no want of it, so that finding nothing says nothing.
func (r *ShortResult) enough(lack want) error {
	switch {
	case r == nil || r.NotRun != "" || r.Met > 0:
		return nil
	case lack == full:
		return fmt.Errorf("no disk of %d processes was full when an operation returned (--full): files grow by whole pages of %d bytes, and no drawn operation needs another one", r.Processes, os.Getpagesize())
	}
	return fmt.Errorf("no operation of %d processes met its file size limit (--limited): no drawn operation makes a file longer", r.Processes)
}
