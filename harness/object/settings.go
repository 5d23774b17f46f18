package object

import (
	"fmt"
	"math/rand"
	"slices"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
)

// Settings are the values of an object's options, the seed of Env.Rand, and how much came before a program. They implement cases.Settings.
type Settings struct {
	object *Object
	values []string // by option; "" for the default
	seed   uint64
	// earlier is how many operations come before those of the clients.
	earlier uint64
}

// String prints the values that differ from the defaults.
func (s *Settings) String() string {
	var words []string
	for i, value := range s.values {
		if value != "" {
			words = append(words, s.object.Options[i].Name+"="+value)
		}
	}
	if s.earlier != 0 {
		words = append(words, "earlier="+strconv.FormatUint(s.earlier, 10))
	}
	if s.seed != 0 {
		words = append(words, "seed="+strconv.FormatUint(s.seed, 10))
	}
	return strings.Join(words, " ")
}

// settings returns the settings of a case, or the defaults if it has none.
func (o *Object) settings(c cases.Case) *Settings {
	if s, ok := c.Settings.(*Settings); ok {
		return s
	}
	return o.defaults()
}

func (o *Object) defaults() *Settings {
	return &Settings{object: o, values: make([]string, len(o.Options))}
}

// value returns the value of an option, and whether there is an option of that name.
func (s *Settings) value(name string) (string, bool) {
	for i, option := range s.object.Options {
		if option.Name != name {
			continue
		}
		if s.values[i] != "" {
			return s.values[i], true
		}
		return option.Values[0], true
	}
	return "", false
}

// ParseSettings implements cases.Subject.
func (o *Object) ParseSettings(words []cases.Setting) (cases.Settings, error) {
	s := o.defaults()
	for _, w := range words {
		if err := s.set(w); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Settings) set(w cases.Setting) (err error) {
	switch w.Name {
	case "earlier":
		return s.setEarlier(w.Value)
	case "seed":
		if s.seed, err = strconv.ParseUint(w.Value, 10, 64); err != nil {
			return fmt.Errorf("seed=%s: write a number below 2^64", w.Value)
		}
		return nil
	}
	var names []string
	for i, option := range s.object.Options {
		names = append(names, option.Name)
		if option.Name != w.Name {
			continue
		}
		if w.Value == "" {
			return fmt.Errorf("%s=: give a value", w.Name)
		}
		if s.values[i] = w.Value; w.Value == option.Values[0] {
			s.values[i] = "" // so that equal settings have equal texts
		}
		return nil
	}
	return fmt.Errorf("no option is called %q: %s has %s", w.Name, s.object.Name, strings.Join(append(names, "seed", "earlier"), ", "))
}

// drawSettings picks one value of each option.
func (o *Object) drawSettings(random *rand.Rand) *Settings {
	s := o.defaults()
	for i, option := range o.Options {
		if n := random.Intn(len(option.Values)); n > 0 && option.Values[n] != option.Values[0] {
			s.values[i] = option.Values[n]
		}
	}
	s.seed = uint64(random.Int63n(1 << 16))
	return s
}

// plainer returns settings in which one option, or the seed, is back at its default, or with fewer operations before the clients'.
func (s *Settings) plainer() (all []*Settings) {
	without := func(change func(*Settings)) {
		next := *s
		next.values = slices.Clone(s.values)
		change(&next)
		all = append(all, &next)
	}
	for i, value := range s.values {
		if value != "" {
			without(func(next *Settings) { next.values[i] = "" })
		}
	}
	for _, fewer := range []uint64{0, s.earlier / 2, s.earlier - s.earlier/4} {
		if fewer < s.earlier {
			without(func(next *Settings) { next.earlier = fewer })
		}
	}
	if s.seed != 0 {
		without(func(next *Settings) { next.seed = 0 })
	}
	return all
}

// Set returns a function that gives a program these settings. An unknown option or a bad value is an error.
func (o *Object) Set(values map[string]string) (settle func(*cases.Case), err error) {
	base := o.defaults()
	for name, value := range values {
		if err := base.set(cases.Setting{Name: name, Value: value}); err != nil {
			return nil, err
		}
	}
	return func(c *cases.Case) {
		next := *o.settings(*c)
		next.values = slices.Clone(next.values)
		for i, option := range o.Options {
			if _, given := values[option.Name]; given {
				next.values[i] = base.values[i]
			}
		}
		if _, given := values["seed"]; given {
			next.seed = base.seed
		}
		if _, given := values["earlier"]; given {
			next.earlier = base.earlier
		}
		c.Settings = &next
	}, nil
}
