package cases

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
)

// examples are canonical: String gives them back as they are.
var examples = []string{
	"v1 test=TestShelf; c0:",
	"v1 test=TestShelf boards=3; c0: put(\"a\"), get(\"a\"); c1: put(\"b\")",
	"v1 test=TestShelf; c0: put(\"; @ , ~ ! crash any\"), get(\"\\\"\\\\\"), put(\"'`([{\"); c1: get(\"\")",
	"v1 test=TestShelf; c0: put(\"a\"), get(\"a\"); c1:; @ start>c1, c1@end>c0, c0@op#1>c1, c0@shelf/full#2>sweeper, sweeper#2@shelf/swept#1>c0",
	"v1 test=TestShelf; c0: put(\"a\"); c1: get(\"a\"); @ c0@shelf/full#1>c1, (c1@shelf/empty#*>c0, c0@shelf/full#*>c1)*",
	"v1 test=TestShelf; c0: put(\"a\"); c1: get(\"a\"); @ (c1@(*Shelf).Get.Lock#*>c0)*",
	"v1 test=TestShelf; c0: put(\"a\"); c1: get(\"a\"); @ c1@(*Shelf).Get.Lock#3>c0",
	"v1 test=TestShelf; c0: put(\"a\"), get(\"a\"); c1:; ~ c0@shelf/full#1=1.5ms, c1@op#0=until:c0@op#1, c0@op#2=until:sweeper@shelf/swept#1, c1@shelf/empty#9=while:c0#2",
	"v1 test=TestShelf; c0: put(\"a\"); ! c0@shelf/write#1=EIO, c0@shelf/write#2=ENOSPC, sweeper@shelf/write#3=EROFS, c0@shelf/write#4=SHORT, c0@shelf/torn#1=0",
	"v1 test=TestShelf; c0: put(\"a\"); ! disk sync * #1 = EIO, disk write *.seg #2+ = ENOSPC/40",
	"v1 test=TestShelf; c0: put(\"a\"); crash any model=weak",
	"v1 test=TestShelf; c0: put(\"a\"); crash start disk=1",
	"v1 test=TestShelf; c0: put(\"a\"); crash c0@end tape=18446744073709551615",
	"v1 test=TestShelf; c0: put(\"a\"); @ c0@op#1>c0; ! c0@shelf/write#1=7; crash c0@op#1 kill model=weak",
}

func TestACanonicalCaseIsPrintedAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, text := range examples {
		c := mustParse(t, text)
		require.Equal(t, text, c.String())
		require.Equal(t, c, c.Clone())
		require.Equal(t, c, mustParse(t, c.String()))
	}
}

func TestEachPartOfTheTextIsKept(t *testing.T) {
	t.Parallel()
	c := ofShelf(t, `c0: put("a"); c1:; @ c0@op#1>c1, (c1@x#*>c0)*; ! c0@y#2=40, disk sync * #3 = EIO; crash c0@op#1 tape=7 model=weak`)
	require.Equal(t, shelf{}, c.Subject)
	require.Equal(t, []Thread{{"c0", []Operation{call{"put", "a"}}}, {"c1", nil}}, c.Threads)
	require.Equal(t, sched.Schedule{{At: place("c0", "op", 1), To: "c1"}, {At: place("c1", "x", sched.EachHit), To: "c0"}}, c.Switches)
	require.Equal(t, []Fault{{At: place("c0", "y", 2), Value: "40"}, {Disk: "sync * #3 = EIO"}}, c.Faults)
	require.Equal(t, &Crash{At: place("c0", "op", 1), Tape: 7, Model: disks.Weak}, c.Crash)
	c = ofShelf(t, `c0: put("a"); c1:; ~ c1@x#2=1500us, c1@op#0=until:c0@y#1, c1@x#3=while:c0#1`)
	until, while := place("c0", "y", 1), Turn{"c0", 1}
	require.Equal(t, []Delay{{At: place("c1", "x", 2), For: 1500 * time.Microsecond}, {At: place("c1", "op", 0), Until: &until}, {At: place("c1", "x", 3), While: &while}}, c.Delays)
	require.Equal(t, boards(4), mustParse(t, "v1 boards=4 test=TestShelf; c0:").Settings)
}

// Between words any blanks are allowed, such as those of a terminal, a mail or a web page. Within quotes they belong to a
// value.
func TestBlanksMatterWithinQuotesOnly(t *testing.T) {
	t.Parallel()
	want := `v1 test=TestShelf boards=2; c0: put("a  b"), get("a"); @ c0@op#1>c0; crash c0@op#1 kill`
	for name, text := range map[string]string{
		"many":              `  v1   boards=2  test=TestShelf ;c0 :put( "a  b" ) ,  get("a");  @c0@op#1 > c0 ;crash   c0@op#1  kill  `,
		"lines":             "v1 test=TestShelf\nboards=2;\r\n  c0: put(\"a  b\"),\n get(\"a\");\n@ c0@op#1>c0;\n crash\nc0@op#1\nkill\n",
		"tabs and no-break": "v1\u00a0test=TestShelf\tboards=2;\u2003c0:\vput(\"a  b\"),\fget(\"a\"); @ c0@op#1>c0; crash\u00a0c0@op#1\u00a0kill",
	} {
		c, err := parse(text)
		require.NoError(t, err, name)
		require.Equal(t, want, c.String(), name)
	}
}

const head = "v1 test=TestShelf; "

// noCases are texts that are refused, with a part of the message.
var noCases = map[string]string{
	"":                                      headRemedy,
	"v1":                                    headRemedy,
	"v1 boards=3; c0:":                      headRemedy,
	"test=TestShelf; c0:":                   headRemedy,
	"v7 test=TestShelf; c0:":                `options "v7 test=TestShelf": version v7 is not known: this racewindow reads v1`,
	"v1 test=TestShelve; c0:":               `the case is about test=TestShelve (did you mean "test=TestShelf"?), but this is test=TestShelf`,
	"v1 scenario=log; c0:":                  "the case is about scenario=log, but this is test=TestShelf",
	"v1 test=TestShelf scenario=log; c0:":   "two subjects",
	"v1 test=TestShelf test=TestShelf; c0:": "each at most once",
	"v1 test=TestShelf boards; c0:":         `"boards": options are WORD=VALUE`,
	"v1 test=TestShelf boards=x; c0:":       `unknown option "boards=x": write boards=N`,
	"v1 test=TestShelf":                     "0 threads: write 1 to 64 clauses",

	head + "c0:;":                    `clause 2 "": empty: remove a ';'`,
	head + "hello":                   `clause 1 "hello": unknown clause: write NAME: OPERATION`,
	head + `c0: put("a"), putt("a")`: `clause 1 "c0: put(\"a\"), putt(\"a\")": unknown operation`,
	head + `c0: put("a"),`:           "an empty operation: remove a ','",
	head + `c0: put("a)`:             `a quote " is not closed`,
	head + `c0: put('a"`:             `a quote ' is not closed`,
	head + `c0: put(("a")`:           "a bracket is not closed: ) is missing",
	head + `c0: put(["a")]`:          "a bracket is not closed: there is ) where ] should be",
	head + "C0:":                     `a thread called "C0": use 1 to 32 small letters`,
	head + ":":                       `a thread called ""`,
	head + "0c:":                     "a letter first",
	head + "crash:":                  "not sweeper or crash",
	head + "sweeper:":                "not sweeper or crash",
	head + "a23456789012345678901234567890123:": "use 1 to 32",
	head + "c0:; c0:":                                     "two threads are called c0: rename one",
	head + "nobody:":                                      "nobody puts nothing",
	head + "c0:; @":                                       "no switch after @",
	head + "c0:; @ c0@op#1":                               "write THREAD@POINT#N>THREAD",
	head + "c0:; @ c0@op#1>c0":                            "must name an operation of a thread",
	head + "c0:; @ sweeper@op#1>c0":                       "must name an operation of a thread",
	head + "c0:; @ start>c1":                              `switch 1 start>c1: no thread is called "c1" (did you mean "c0"?): name one of the case, or sweeper`,
	head + "c0:; @ c9@end>c0":                             `no thread is called "c9"`,
	head + "c0:; @ c9@x#1>c0":                             `no thread is called "c9"`,
	head + "c0:; @ start>c0, start>c0":                    "there is a switch at this place already",
	head + "c0:; @ c0@x#*>c0":                             "#* stands in a cycle only",
	head + "c0:; @ (c0@x#1>c0)*":                          "a switch in a cycle is THREAD@POINT#*>THREAD",
	head + "c0:; @ (c0@x#*>c0)*, c0@x#1>c0":               "cycle",
	head + "c0:; @ c0@x#1048577>c0":                       "passes are counted from 1, to 1048576",
	head + "c0:; ~ c0@op#0=1ms; @ start>c0":               "a case has either delays or switches",
	head + "c0:; ~ c0@op#0":                               "write THREAD@POINT#N=DURATION",
	head + "c0:; ~":                                       "write THREAD@POINT#N=DURATION",
	head + "c0:; ~ c0@op#0=0s":                            "write a duration above zero",
	head + "c0:; ~ c0@op#0=2s":                            "must be above 0s and at most 1s",
	head + "c0:; ~ c0@op=1ms":                             "write THREAD@POINT#N",
	head + "c0:; ~ c0@end#1=1ms":                          "c0@end: there is no failpoint of that name: name one, or op",
	head + "c0:; ~ c0@start#1=1ms":                        "there is no failpoint of that name",
	head + "c0:; ~ c0@#1=1ms":                             "there is no failpoint of that name",
	head + "c0:; c1:; ~ c0@x#1=until:c1@end#1":            "c1@end: there is no failpoint of that name",
	head + "c0:; ~ c0@x#0=1ms":                            "counted from 1",
	head + "c0:; ~ c0@x#-1=1ms":                           "counted from 1",
	head + "c0:; ~ c0@op#1=1ms":                           "must name an operation",
	head + "c0:; ~ c0@x#1=until:c0@y#1":                   "would wait for itself",
	head + "c0:; ~ c0@x#1=until:soon":                     "write THREAD@POINT#N",
	head + "c0:; ~ c0@x#1=while:c0#1":                     "name another thread",
	head + "c0:; ~ c0@x#1=while:c0":                       "=while:THREAD#N",
	head + "c0:; c1:; ~ c0@x#1=while:c1#1":                "operations 1 to 0",
	head + "c0:; ! c0@x#1":                                faultRemedy,
	head + "c0:; !":                                       faultRemedy,
	head + "c0:; ! c0@x#0=EIO":                            "with N from 1",
	head + "c0:; ! c0@x#1048577=EIO":                      "counted from 1, to 1048576",
	head + "c0:; ! c0@x#1=EOI":                            `"EOI" is no fault (did you mean "EIO"?)`,
	head + "c0:; ! c0@x#1=-1":                             `"-1" is no fault`,
	head + "c0:; ! c1@x#1=EIO":                            `no thread is called "c1"`,
	head + "c0:; ! main@x#1=EIO":                          "the main thread only opens the subject",
	head + "c0:; ! disk sync #0 = EIO":                    `fault "disk sync #0 = EIO"`,
	head + "c0:; ~ c0@x#1=1ms; ! c0@x#1=EIO":              "belong to cases without delays",
	head + "c0:; ~ c0@x#1=1ms; crash any":                 "belong to cases without delays",
	head + "c0:; crash":                                   "write 'crash any'",
	head + "c0:; crash soon disk=1":                       "is no place",
	head + "c0:; crash c0@end":                            "one of disk=N, tape=N and kill",
	head + "c0:; crash c0@end disk=1 tape=1":              "one of disk=N, tape=N and kill",
	head + "c0:; crash any kill":                          "one of disk=N, tape=N and kill",
	head + "c0:; crash c0@end kill=1":                     `"kill=1"`,
	head + "c0:; crash c0@end disk=1 disk=1":              `"disk=1"`,
	head + "c0:; crash c0@end disk=0":                     "disks are counted from 1",
	head + "c0:; crash c0@end tape=-1":                    "write a number below 2^64",
	head + "c0:; crash c0@end dsik=1":                     `"dsik=1": unknown (did you mean "disk"?)`,
	head + "c0:; crash c1@end kill":                       `no thread is called "c1"`,
	head + "c0:; crash any; crash any":                    "out of order",
	head + "c0:; crash any; @ start>c0":                   "out of order",
	head + "c0:; ! c0@x#1=EIO; c1:":                       "out of order",
	head + "c0: put(\"\xff\")":                            "bytes that are no UTF-8",
	strings.Repeat("x", MaxTextBytes+1):                   "1048577 bytes of text: at most 1048576",
	head + strings.Repeat("c0:;", MaxThreads+5):           "clauses: at most 68",
	head + "c0: " + strings.Repeat(`get(""),`, 20000):     "20001 operations: at most 16384",
	head + "c0:; ! " + strings.Repeat("c0@x#1=1,", 80):    "more than 64 faults",
	head + "c0:; ~ " + strings.Repeat("c0@x#1=1ms,", 300): "more than 256 delays",

	// A file of another kind.
	"\x7fELF\x02\x01\x1b[2J": "control characters",
}

func TestWhatIsNoCaseIsRefusedWithTheClauseAndTheRemedy(t *testing.T) {
	t.Parallel()
	for text, want := range noCases {
		_, err := parse(text)
		require.ErrorIs(t, err, ErrCase, "%.100s", text)
		require.ErrorContains(t, err, want, "%.100s", text)
		require.Less(t, len(err.Error()), 600, "a message is no copy of the text")
	}
}

func TestAFileHoldsOneCaseAndComments(t *testing.T) {
	t.Parallel()
	c, err := ParseFile("\uFEFF# what it shows\r\n\r\n"+strings.ReplaceAll(examples[1], "; ", ";\r\n  ")+"\r\n", Only(shelf{}))
	require.NoError(t, err, "a byte order mark, other line ends, and a case that was wrapped")
	require.Equal(t, examples[1], c.String())
	for text, want := range map[string]string{
		examples[0] + "\n" + examples[0]: "a second case begins with", examples[0] + "\nv2 test=TestShelf": "a second case begins with",
		"# nothing\n": "nothing but comments and empty lines", "": headRemedy,
	} {
		_, err = ParseFile(text, Only(shelf{}))
		require.ErrorIs(t, err, ErrCase)
		require.ErrorContains(t, err, want)
	}
}

// Whoever looks up a subject learns the head before the rest of the case is read, and may refuse it.
func TestTheSubjectIsAskedForByItsHead(t *testing.T) {
	t.Parallel()
	var asked []string
	refused := fmt.Errorf("unknown here")
	_, err := Parse("v1 speed=9 test=TestOther; whatever", func(head string) (Subject, error) {
		asked = append(asked, head)
		return nil, refused
	})
	require.ErrorIs(t, err, ErrCase)
	require.ErrorIs(t, err, refused)
	require.Equal(t, []string{"test=TestOther"}, asked)
}

func FuzzParse(f *testing.F) {
	for _, text := range examples {
		f.Add(text)
	}
	for text := range noCases {
		if len(text) < 1000 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse(text)
		if err != nil {
			require.ErrorIs(t, err, ErrCase)
			return
		}
		again, err := parse(c.String())
		require.NoError(t, err, "%q", c.String())
		require.Equal(t, c, again)
		require.Equal(t, c.String(), again.String())
		require.Equal(t, c, c.Clone())
	})
}
