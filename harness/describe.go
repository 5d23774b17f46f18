package harness

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/drive"
)

// describe tells what the subject uses.
func (c *checking) describe() {
	c.t.Helper()
	disk, err := c.object.UsesDisk()
	if err != nil {
		c.refuse(3, fmt.Sprintf("the subject cannot be opened: %v", err))
		return
	}
	e := drive.Event{Event: drive.Ended, Text: "described: " + c.t.Name()}
	if disk {
		e.Uses = append(e.Uses, drive.UsesDisk)
	}
	c.send(e)
}
