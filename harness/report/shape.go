// What tells one bug from another, whatever found it, and which of its cases is the smallest.

package report

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
)

// Fingerprint is eight letters that stand for class and shape.
func Fingerprint(class, shape string) string {
	sum := sha256.Sum256([]byte(class + "\n" + shape))
	return hex.EncodeToString(sum[:4])
}

// ShapeOf is what the smallest cases of one bug have in common: the version of the subject and the windows or, where no switch is
// needed, what each thread does. Who does what, in a case with windows, differs from one smallest case to another of the same bug;
// names, numbers, sizes and the order of the threads differ always. Of a crash the place says more than what came before it.
func ShapeOf(c cases.Case, r *Report) string {
	var parts []string
	if c.Crash != nil && !c.Crash.Any {
		parts = append(parts, "crash at "+c.Crash.At.Point)
	} else if r != nil {
		for _, w := range r.Windows {
			parts = append(parts, w.From+" .. "+w.To)
		}
	}
	if len(parts) == 0 {
		for _, t := range c.Threads {
			var words []string
			for _, o := range t.Operations {
				words = append(words, o.Word())
			}
			parts = append(parts, strings.Join(words, ", "))
		}
	}
	slices.Sort(parts)
	return versionOf(c) + ": " + strings.Join(parts, " | ")
}

// SubjectOf is the subject that a shape is of.
func SubjectOf(shape string) string {
	subject, _ := parts(shape)
	return subject
}

// Alike says whether all that must stay atomic in a case of the one shape must in those of the other, or the other way round.
func Alike(a, b string) bool {
	of, some := parts(a)
	ofOther, others := parts(b)
	return of == ofOther && (within(some, others) || within(others, some))
}

// parts takes a shape apart, as ShapeOf has put it together.
func parts(shape string) (subject string, all []string) {
	subject, rest, _ := strings.Cut(shape, ": ")
	if rest == "" {
		return subject, nil
	}
	return subject, strings.Split(rest, " | ")
}

func within(few, many []string) bool {
	return !slices.ContainsFunc(few, func(part string) bool { return !slices.Contains(many, part) })
}

// versionOf is that of a subject that has several, else its head.
func versionOf(c cases.Case) string {
	if s, ok := c.Settings.(cases.Versioned); ok {
		return s.Version()
	}
	return c.Subject.Head()
}

// SizeOf orders cases of one shape: fewer operations and less in them, then switches, then letters.
func SizeOf(c cases.Case) (n int) {
	for _, t := range c.Threads {
		for _, o := range t.Operations {
			n += 1000 + len(o.String())
			if w, ok := o.(cases.Weighed); ok {
				n += 1000 * w.Weight()
			}
		}
	}
	return n + 100*(len(c.Switches)+len(c.Delays)) + len(c.String())
}
