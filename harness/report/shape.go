// What tells one bug from another, whichever way it was found, and which of its cases is the smallest.

package report

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
)

// Fingerprint returns eight letters that stand for class and shape.
func Fingerprint(class, shape string) string {
	sum := sha256.Sum256([]byte(class + "\n" + shape))
	return hex.EncodeToString(sum[:4])
}

// ShapeOf returns what the smallest cases of one bug have in common: the version of the subject, and the windows, or, if no
// switch is needed, the operations of each thread. In a case with windows the operations do not count, because they can
// differ between the smallest cases of one bug. Names, numbers, sizes and the order of the threads never count. For a crash
// only its place counts, which tells more than what came before it.
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

// SubjectOf returns the subject in a shape.
func SubjectOf(shape string) string {
	subject, _ := parts(shape)
	return subject
}

// Alike says whether two shapes have the same subject, and all parts of one are among the parts of the other.
func Alike(a, b string) bool {
	of, some := parts(a)
	ofOther, others := parts(b)
	return of == ofOther && (within(some, others) || within(others, some))
}

// parts splits a shape into what ShapeOf joined.
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

// versionOf returns the version of a subject that has several, otherwise the subject's head.
func versionOf(c cases.Case) string {
	if s, ok := c.Settings.(cases.Versioned); ok {
		return s.Version()
	}
	return c.Subject.Head()
}

// SizeOf orders cases of one shape: first by operations and their weight, then by switches, then by letters.
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
