package harness

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/drive"
)

// describe reports whether the subject keeps data, and where.
func (c *checking) describe() {
	c.t.Helper()
	onDisk, anywhere, err := c.object.Keeps(c.context())
	if err != nil {
		c.refuse(3, fmt.Sprintf("the subject cannot be opened: %v", err))
		return
	}
	e := drive.Event{Event: drive.Ended, Text: "described: " + c.t.Name()}
	if onDisk {
		e.Uses = append(e.Uses, drive.KeepsOnDisk)
	}
	if anywhere {
		e.Uses = append(e.Uses, drive.Keeps)
	}
	c.send(e)
}
