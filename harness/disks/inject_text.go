package disks

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/racewindow/racewindow/harness/spelling"
)

// The text of faults. Rules are separated by "; ". Each has the form
//
//	kind glob [#n | #n+] = fault
//
//	write *.seg #2 = ENOSPC/4096     the second write fails, 4096 bytes of it are written
//	sync log/* = EIO                 every sync of a file in log fails
//	read * #5+ = FLIP/?              from the fifth read on, a bit is flipped that the tape chooses
//	any index = DELAY/2ms            every operation on the index waits
//	sync * = DELAY/1s                syncs are slow: timers of the code fire before they return
//	write *.seg #3 = LOST            the third write succeeds, and no byte of it reaches the disk
//	write *.seg #3 = ASTRAY/4        it reaches the disk four sectors further on in the file, and not where it belongs
//
// The kinds are those of Kind. After the slash comes the number of bytes that a failed write keeps (default 0), the bit that
// FLIP inverts, or a time. SHORT is io.ErrShortWrite. A fault can combine parts: DELAY/1ms+EIO.

// ErrFault is wrapped by the errors for a text that is not a fault.
var ErrFault = errors.New("not a fault")

var faultErrors = []struct {
	name string
	err  error
}{
	{"EIO", syscall.EIO},
	{"ENOSPC", syscall.ENOSPC},
	{"EDQUOT", syscall.EDQUOT},
	{"EFBIG", syscall.EFBIG},
	{"EROFS", syscall.EROFS},
	{"EACCES", syscall.EACCES},
	{"EMFILE", syscall.EMFILE},
	{"SHORT", io.ErrShortWrite},
}

// String returns the rule as Parse reads it.
func (r *Rule) String() string {
	text := r.kind.String() + " " + r.glob
	switch {
	case r.last > 0:
		text += " #" + strconv.Itoa(r.first)
	case r.first > 1:
		text += " #" + strconv.Itoa(r.first) + "+"
	}
	return text + " = " + r.fault.String()
}

func (a anyOf) String() string {
	texts := make([]string, len(a))
	for i, injector := range a {
		texts[i] = injector.String()
	}
	return strings.Join(texts, "; ")
}

// String returns the fault as Parse reads it. An error that has no name there prints as itself, only for people.
func (f Fault) String() string {
	var parts []string
	if f.Delay > 0 {
		parts = append(parts, "DELAY/"+f.Delay.String())
	}
	if f.Flip {
		parts = append(parts, "FLIP/"+number(f.Bit))
	}
	if f.Lost {
		parts = append(parts, "LOST")
	}
	if f.Astray > 0 {
		parts = append(parts, "ASTRAY/"+strconv.Itoa(f.Astray))
	}
	if f.Err != nil {
		text := f.Err.Error()
		for _, e := range faultErrors {
			if errors.Is(f.Err, e.err) {
				text = e.name
			}
		}
		if f.Keep != 0 {
			text += "/" + number(f.Keep)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "+")
}

func number(n int) string {
	if n == Drawn {
		return "?"
	}
	return strconv.Itoa(n)
}

// Parse returns the injector whose text is text; blanks around separators may be missing. An empty text injects nothing.
// Errors: ErrFault.
func Parse(text string) (Injector, error) {
	all := anyOf{}
	if strings.TrimSpace(text) == "" {
		return all, nil
	}
	for _, part := range strings.Split(text, ";") {
		r, err := ParseRule(part)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// ParseRule is Parse for one rule. Errors: ErrFault.
func ParseRule(text string) (*Rule, error) {
	r, err := parseRule(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %q: %s", ErrFault, strings.TrimSpace(text), err)
	}
	return r, nil
}

func parseRule(text string) (*Rule, error) {
	left, right, found := strings.Cut(text, "=")
	words := strings.Fields(left)
	if !found || len(words) < 2 || len(words) > 3 {
		return nil, errors.New("write: kind name [#n] = fault")
	}
	kind, err := parseKind(words[0])
	if err != nil {
		return nil, err
	}
	f, err := parseFault(strings.TrimSpace(right))
	if err != nil {
		return nil, err
	}
	r := On(kind, words[1], f)
	if strings.Contains(words[1], "#") {
		return nil, errors.New("a blank is missing before #")
	}
	if f.Misplaces() && (kind != Write || f.Err != nil) {
		return nil, errors.New("LOST and ASTRAY are for writes that succeed: write GLOB [#n] = LOST")
	}
	if len(words) == 2 {
		return r, nil
	}
	count, open := strings.CutSuffix(strings.TrimPrefix(words[2], "#"), "+")
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || words[2][0] != '#' {
		return nil, fmt.Errorf("%q: write #2 for the second one, #2+ for the second and all after it", words[2])
	}
	if open {
		return From(n, r), nil
	}
	return Nth(n, r), nil
}

func parseKind(text string) (Kind, error) {
	for i, name := range kindNames {
		if name == text {
			return Kind(i), nil
		}
	}
	return 0, fmt.Errorf("no operation of the disk is called %q%s: use %s", text, spelling.Meant(text, kindNames[:]), strings.Join(kindNames[:], ", "))
}

func parseFault(text string) (f Fault, err error) {
	for _, part := range strings.Split(text, "+") {
		name, argument, has := strings.Cut(strings.TrimSpace(part), "/")
		switch name {
		case "DELAY":
			f.Delay, err = time.ParseDuration(argument)
			if err == nil && f.Delay <= 0 {
				err = errors.New("a delay is positive")
			}
		case "FLIP":
			f.Flip = true
			f.Bit, err = parseNumber(argument)
		case "LOST":
			if f.Lost = true; has {
				err = errors.New("all of the write is lost: write LOST")
			}
		case "ASTRAY":
			f.Astray, err = strconv.Atoi(argument)
			if err != nil || f.Astray < 1 || f.Astray > MaxFileBytes/SectorBytes {
				err = errors.New("write how many sectors further on the bytes go, from 1: ASTRAY/4")
			}
		default:
			err = f.parseError(name, argument, has)
		}
		if err != nil {
			return f, fmt.Errorf("%q: %w", strings.TrimSpace(part), err)
		}
	}
	return f, nil
}

func (f *Fault) parseError(name, argument string, has bool) (err error) {
	for _, e := range faultErrors {
		if e.name == name {
			f.Err = e.err
		}
	}
	f.Keep = 0
	if has {
		f.Keep, err = parseNumber(argument)
	}
	for _, e := range faultErrors {
		if e.name == name {
			return err
		}
	}
	known := []string{"FLIP", "DELAY", "LOST", "ASTRAY"}
	for _, e := range faultErrors {
		known = append(known, e.name)
	}
	return fmt.Errorf("unknown%s: use EIO, ENOSPC, EDQUOT, EFBIG, EROFS, EACCES, EMFILE, SHORT, FLIP/bit, LOST, ASTRAY/sectors or DELAY/time", spelling.Meant(name, known))
}

func parseNumber(text string) (int, error) {
	if text == "?" {
		return Drawn, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n > math.MaxInt32 {
		return 0, fmt.Errorf("%q is neither a number nor ?", text)
	}
	return int(n), nil
}
