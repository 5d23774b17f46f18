package cases

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
)

// crashWord begins the clause, so no thread may have this name.
const crashWord = "crash"

// A Crash is a loss of power, or the death of the process.
type Crash struct {
	// Any crashes at every step, and tries every disk that the crash may leave, and the death of the process. At, Disk, Tape
	// and Kill are then zero.
	Any bool
	// At is the step.
	At Place
	// Disk says which of the disks that the crash may leave is meant, counted from 1 in the order of disks.Moment.Enumerate.
	// It is 0 if there are too many; Tape is then the number of a drawn one.
	Disk int
	Tape uint64
	// Kill ends only the process: the next one finds everything that the file system had in memory, synced or not.
	Kill bool
	// Model says what may survive.
	Model disks.Model
}

// String prints the clause of the crash.
func (c Crash) String() string {
	text := crashWord + " "
	switch {
	case c.Any:
		text += "any"
	case c.Kill:
		text += c.At.String() + " kill"
	case c.Disk > 0:
		text += fmt.Sprintf("%v disk=%d", c.At, c.Disk)
	default:
		text += fmt.Sprintf("%v tape=%d", c.At, c.Tape)
	}
	if c.Model != disks.Ordered {
		text += " model=" + c.Model.String()
	}
	return text
}

// crashWords are the words that may follow the place.
var crashWords = []string{"disk", "tape", "kill", "model"}

func parseCrash(text string) (c Crash, err error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return c, errors.New("write 'crash any', 'crash PLACE disk=N' or 'crash PLACE kill'")
	}
	if c.Any = words[0] == "any"; !c.Any {
		if c.At, err = sched.ParsePlace(words[0]); err != nil {
			return c, err
		}
	}
	seen := map[string]bool{}
	for _, word := range words[1:] {
		name, value, ok := strings.Cut(word, "=")
		if ok == (name == "kill") || seen[name] {
			return c, fmt.Errorf("%q%s: after the place come disk=N, tape=N or kill, and model=ordered or model=weak", word, spelling.Meant(name, crashWords))
		}
		seen[name] = true
		if err := c.set(name, value); err != nil {
			return c, err
		}
	}
	which := 0
	for _, name := range []string{"disk", "tape", "kill"} {
		if seen[name] {
			which++
		}
	}
	if c.Any && which > 0 || !c.Any && which != 1 {
		return c, errors.New("one of disk=N, tape=N and kill says what a crash at a place leaves; 'crash any' tries all")
	}
	return c, nil
}

func (c *Crash) set(name, value string) (err error) {
	switch name {
	case "disk":
		if c.Disk, err = strconv.Atoi(value); err != nil {
			return fmt.Errorf("disk=%.40s: write a number", value)
		}
		if c.Disk < 1 {
			return fmt.Errorf("disk=%s: disks are counted from 1", value)
		}
	case "tape":
		if c.Tape, err = strconv.ParseUint(value, 10, 64); err != nil {
			return fmt.Errorf("tape=%.40s: write a number below 2^64", value)
		}
	case "kill":
		c.Kill = true
	case "model":
		c.Model, err = disks.ModelByName(value)
	default:
		return fmt.Errorf("%q: unknown%s; use disk, tape, kill or model", name+"="+value, spelling.Meant(name, crashWords))
	}
	return err
}
