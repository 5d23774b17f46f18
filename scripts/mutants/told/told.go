// Package told defines what the prober prints and command mutants reads: one line of JSON per Event.
package told

// An Event is the progress of a search (At), its end (Search), or a result of all searches (Smallest, Estimate). Exactly one field
// is set.
type Event struct {
	At       *Search   `json:"at,omitempty"`
	Search   *Search   `json:"search,omitempty"`
	Smallest *Smallest `json:"smallest,omitempty"`
	Estimate *Estimate `json:"estimate,omitempty"`
}

// A Search is one strategy with one seed.
type Search struct {
	Strategy  string `json:"strategy"`
	Seed      uint64 `json:"seed"`
	Found     bool   `json:"found"`
	Schedules uint64 `json:"schedules"`
	Programs  int    `json:"programs"`
	Class     string `json:"class,omitempty"`
	Case      string `json:"case,omitempty"`
	Error     string `json:"error,omitempty"`
}

// Smallest is the smallest case found that shows the bug.
type Smallest struct {
	Case        string `json:"case"`
	Program     string `json:"program"`
	Class       string `json:"class"`
	Message     string `json:"message"`
	Preemptions int    `json:"preemptions"`
	Operations  int    `json:"operations"`
	Minimal     bool   `json:"minimal"`
}

// An Estimate says how many of a number of random schedules of the smallest program broke a promise. Low and High bound the
// probability; the reader of the event sets them.
type Estimate struct {
	Schedules uint64  `json:"schedules"`
	Failed    uint64  `json:"failed"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
}
