package log

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
)

// examples are canonical: String gives them back as they are.
var examples = []string{
	"v1 scenario=log handover=snapshot; w0:",
	"v1 scenario=log handover=stale arena=256; w0: append 1, flush; r0: read - end; ~ r0@read/metadata-loaded#1=2ms",
	"v1 scenario=log handover=stale; w0: append 1, read - end; f0: flush; ~ w0@read/metadata-loaded#1=while:f0#1",
	"v1 scenario=log handover=retain arena=64 chunk=100 segment=512 flush=300 interval=1s seed=18446744073709551615; w0: advance 1m0s",
	"v1 scenario=log handover=snapshot arena=64 tail=57 value=8 interval=1s sync=no values=frames; w0: appenddurable 1 of 9, appendat next 2, appendat last 1, appendat equal 2 of 0/1, spent 1+2; w1: visible, durable, cancel w0, close, closestore, handle, other 2 of 8",
	"v1 scenario=log handover=recheck; w0: append 3 of 0/1/4096, fragments 1+2 of 64, abort 1+1+1, reopen",
	"v1 scenario=log handover=fallback; w0: append 1, append 1, read - 1.+, read 1.0 end, read 2.7 acked-1.+, read acked+1.0 last, read last acked",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; @ start>r0, r0@read/metadata-loaded#1>w0, w0@op#2>r0, w0@end>flusher",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; ! w0@flush/sync-error#2=ENOSPC, r0@read/io-error#1=EIO, w0@flush/write-error#1=EROFS, w0@segment/dirsync-error#1=SHORT",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; ! w0@flush/short-write#1=7, w0@flush/no-space#1=40, w0@index/write-error#1=0, r0@read/bit-flip#3=300, w0@recovery/truncate-error#1=EIO",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; ! disk sync * #1 = EIO, disk write *.seg #2+ = ENOSPC/40, disk read * = FLIP/300, disk any index = DELAY/2ms+EIO, disk write * #3 = SHORT/?",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; crash any",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; crash any model=weak",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; crash start disk=1",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; crash w0@flush/written#1 disk=3 model=weak",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; crash r0@end tape=18446744073709551615",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; crash w0@op#2 tape=0 model=weak",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; crash flusher@flush/synced#1 kill",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; crash w0@flush/written#1 kill model=weak",
	"v1 scenario=log handover=snapshot; w0: append 1, flush, reopen; r0: read - end; @ w0@op#1>r0; ! disk sync * #1 = EIO; crash w0@flush/written#1 disk=3",
	"v1 scenario=log handover=snapshot; w0: flush; r0: read - end; ~ r0@op#0=until:w0@op#1, flusher@flush/trimmed#2=5ms, w0@op#1=until:flusher@flush/notify#1",
}

func TestACanonicalCaseIsPrintedAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, text := range examples {
		c, err := Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, text, c.String())
		require.Equal(t, c, c.Clone())
		require.Equal(t, c, reparsed(t, c))
	}
}

func TestEachPartOfTheTextOfFaultsAndCrashesIsKept(t *testing.T) {
	t.Parallel()
	c, err := Parse("v1 scenario=log handover=snapshot; w0: append 1, flush; @ w0@op#1>w0; ! w0@flush/no-space#2=40, disk write *.seg #2+ = ENOSPC/40; crash w0@op#1 tape=7 model=weak")
	require.NoError(t, err)
	require.Equal(t, sched.Schedule{{At: Place{Thread: "w0", Point: "op", Hit: 1}, To: "w0"}}, c.Switches)
	require.Equal(t, []Fault{{At: Place{Thread: "w0", Point: "flush/no-space", Hit: 2}, Value: "40"}, {Disk: "write *.seg #2+ = ENOSPC/40"}}, c.Faults)
	require.Equal(t, &Crash{At: Place{Thread: "w0", Point: "op", Hit: 1}, Tape: 7, Model: crash.Weak}, c.Crash)
	c, err = Parse("v1 scenario=log handover=snapshot; w0: append 1; crash start disk=2")
	require.NoError(t, err)
	require.Equal(t, &Crash{At: Place{Point: "start"}, Disk: 2}, c.Crash)
	c, err = Parse("v1 scenario=log handover=snapshot; w0: append 1; crash w0@end kill")
	require.NoError(t, err)
	require.Equal(t, &Crash{At: Place{Thread: "w0", Point: "end"}, Kill: true}, c.Crash)
}

func TestBlanksDoNotMatter(t *testing.T) {
	t.Parallel()
	c, err := Parse("  v1   handover=stale scenario=log ;w0:append 1  of 0,  flush;~ w0@op#1=1500us ")
	require.NoError(t, err)
	require.Equal(t, "v1 scenario=log handover=stale; w0: append 1 of 0, flush; ~ w0@op#1=1.5ms", c.String())
}

const head = "v1 scenario=log handover=stale; "

// noCases are texts that are refused, with a part of what is said.
var noCases = map[string]string{
	"":                                    "a case begins with 'v1 scenario=NAME' or 'v1 test=NAME'",
	"v2 scenario=log":                     `options "v2 scenario=log": version v2 is not known: this racewindow reads v1`,
	"v1":                                  "a case begins with 'v1 scenario=NAME' or 'v1 test=NAME'",
	"version scenario=log":                "a case begins with 'v1 scenario=NAME' or 'v1 test=NAME'",
	"v1 scenario=lgo handover=stale; w0:": `the case is about scenario=lgo (did you mean "scenario=log"?), but this is scenario=log`,
	"v1 scenario=log handover=stal; w0:":  `handover "stal" (did you mean "stale"?): choose one of fallback, recheck`,
	"v1 scenario=log handover=stale aerna=3; w0:":                      `unknown option "aerna" (did you mean "arena"?): use scenario`,
	head + "w0: flush; w1: flush, red - end":                           `clause 2 "w1: flush, red - end": unknown operation "red" (did you mean "read"?): use append`,
	head + "w0: flush; @ w0@read/metadata-loded#1>w0":                  `no yield or wait point is called "read/metadata-loded" (did you mean "read/metadata-loaded"?)`,
	head + "writer: flush; r: flush; @ r@op#1>wirter":                  `no thread is called "wirter" (did you mean "writer"?)`,
	head + "w0: flush; ! w0@flush/sync-eror#1=EIO":                     `no fault point is called "flush/sync-eror" (did you mean "flush/sync-error"?)`,
	head + "w0: flush; ! w0@flush/sync-error#1=ENSPC":                  `"ENSPC" is no fault (did you mean "ENOSPC"?)`,
	head + "w0: flush; ! disk snyc * = EIO":                            `no operation of the disk is called "snyc" (did you mean "sync"?)`,
	head + "w0: flush; ! disk sync * = EOI":                            `unknown (did you mean "EIO"?)`,
	head + "w0: flush; crash w0@op#1 dsik=1":                           `"dsik=1": unknown (did you mean "disk"?)`,
	head + "w0: flush; crash any model=waek":                           `(did you mean "weak"?)`,
	"v1 handover=stale; w0:":                                           "a case begins with 'v1 scenario=NAME' or 'v1 test=NAME'",
	"v1 scenario=queue handover=stale; w0:":                            "the case is about scenario=queue, but this is scenario=log",
	"v1 scenario=log; w0:":                                             "choose one of fallback",
	"v1 scenario=log handover=magic; w0:":                              "choose one of fallback",
	"v1 scenario=log handover=stale":                                   "0 threads",
	"v1 scenario=log handover=stale arena=1":                           "0 threads",
	"v1 scenario=log handover=stale arena=1;a:":                        "must lie between 64",
	"v1 scenario=log scenario=log":                                     "each at most once",
	"v1 scenario=log speed=3":                                          "unknown option \"speed\"",
	head + "w0: apend 1":                                               `clause 1 "w0: apend 1": unknown operation "apend" (did you mean "append"?): use append`,
	head + "w0: append":                                                "append 2 of 0/100",
	head + "w0: append +1":                                             `"" of "+1" is not a number that can stand here`,
	head + "w0: flush; crash w0@op#1 disk=x":                           `disk=x: write a number`,
	head + "w0: flush; crash any kil":                                  `"kil" (did you mean "kill"?): after the place`,
	head + "w0: append 0":                                              "between 1 and 4096",
	head + "w0: append 4097":                                           "between 1 and 4096",
	head + "w0: append 2 of 1/2/3":                                     "give one for all",
	head + "w0: append 1 of 99999999":                                  "between 0 and 1048576",
	head + "w0: append 1+1":                                            "append has one",
	head + "w0: append 4096 of 1048576":                                "4295229440 bytes of records: at most 67108864",
	head + "w0: read -":                                                "two bounds",
	head + "w0: read - soon":                                           "not a bound: write -, end",
	head + "w0: read 0.1 end":                                          "counted from 1",
	head + "w0: appendat":                                              "a place and records",
	head + "w0: appendat soon 1":                                       "next, last or equal",
	head + "w0: appendat equal 1":                                      "at least 2 records",
	head + "w0: appenddurable 1+1":                                     "an append has one",
	head + "w0: cancel":                                                "the name of a thread",
	head + "w0: cancel w1":                                             "no thread is called that",
	head + "w0: close now":                                             "takes nothing",
	"v1 scenario=log handover=stale sync=yes; w0:":                     "write no, or leave it out",
	"v1 scenario=log handover=stale values=big; w0:":                   "write frames, or leave it out",
	"v1 scenario=log handover=stale value=0; w0:":                      "write a number of bytes",
	"v1 scenario=log handover=stale sync=no; w0:; ! disk any * = EIO":  "promises nothing then",
	head + "w0: close; ! disk sync * #1 = EIO":                         "use reopen",
	head + "w0: flush now":                                             "takes nothing",
	head + "w0: advance -1s":                                           "above zero",
	head + "w0: flush,":                                                "remove a ','",
	head + "w0: flush;":                                                "remove a ';'",
	head + "w0: flush; w0: flush":                                      "rename one",
	head + "W: flush":                                                  "small letters",
	head + "flusher: flush":                                            "not flusher",
	head + "hello":                                                     "unknown clause",
	head + "w0: flush; @":                                              "no switch after @",
	head + "w0: flush; @ w0@op#1":                                      "write THREAD@POINT#N>THREAD",
	head + "w0: flush; @ w0@op#1>r0":                                   `no thread is called "r0"`,
	head + "w0: flush; @ w0@op#2>w0":                                   "must name an operation of a thread",
	head + "w0: flush; @ w0@read/nowhere#1>w0":                         "no yield or wait point is called",
	head + "w0: flush; @ start>w0, start>w0":                           "there is a switch at this place already",
	head + "w0: flush; ~ w0@op#0=1ms; @ start>w0":                      "a case has either delays or switches",
	head + "w0: flush; ! w0@flush/sync#1=EIO":                          "no fault point is called",
	head + "w0: flush; ! w0@flush/sync-error#1":                        "write THREAD@FAULTPOINT#N=EIO",
	head + "w0: flush; ! w0@flush/sync-error#1=NO":                     "is no fault",
	head + "w0: flush; ! r@flush/sync-error#1=EIO":                     `no thread is called "r"`,
	head + "w0: flush; ! disk sync #0 = EIO":                           "not a fault",
	head + "w0: flush; ! main@flush/no-space#1=3":                      "the main thread only opens the subject",
	head + "w0: flush; w1: reopen; ! w0@recovery/truncate-error#1=EIO": "give it a reopen",
	head + "w0: flush; crash w0@op#1":                                  "one of disk=N, tape=N and kill",
	head + "w0: flush; crash any disk=2":                               "one of disk=N, tape=N and kill",
	head + "w0: flush; crash w0@op#1 disk=0":                           "disks are counted from 1",
	head + "w0: flush; crash w0@op#1 disk=1 a=2":                       "use disk, tape, kill or model",
	head + "w0: flush; crash any model=no":                             "no such persistence model",
	head + "w0: flush; crash any; @ start>w0":                          "out of order",
	head + "w0: flush; crash any; crash any":                           "out of order",
	head + "w0: flush; ~ w0@op#1=1s; w1: flush":                        "out of order",
	head + "w0: flush; ~ w0@op#1":                                      "=until:THREAD@POINT#N",
	head + "w0: flush; ~ w0@op#2=1s":                                   "must name an operation",
	head + "w0: flush; ~ w1@op#1=1s":                                   "no thread is called \"w1\"",
	head + "w0: flush; ~ w0@flush/tidy#1=1s":                           "racewindow failpoints",
	head + "w0: flush; ~ w0@flush/sync-error#1=1s":                     "no yield or wait point",
	head + "w0: flush; ~ w0@flush/lock#0=1s":                           "counted from 1",
	head + "w0: flush; ~ w0@op#0=2s":                                   "at most 1s",
	head + "w0: flush; ~ w0@op#0=while:w0#1":                           "name another thread",
	head + "w0: flush; w1:; ~ w1@op#0=while:w0#2":                      "operations 1 to 1",
	head + "w0: flush; ~ w0@op#0=until:w0@op#1":                        "wait for itself",
	strings.Repeat("x", cases.MaxTextBytes+1):                          "bytes of text",
	head + strings.Repeat("a:;", 100):                                  "clauses",
}

func TestWhatIsNoCaseIsRefusedWithTheClauseAndTheRemedy(t *testing.T) {
	t.Parallel()
	for text, want := range noCases {
		_, err := Parse(text)
		require.ErrorIs(t, err, ErrCase, text)
		require.ErrorContains(t, err, want, "%.100s", text)
	}
}

func TestAFileHoldsOneCaseAndComments(t *testing.T) {
	t.Parallel()
	c, err := ParseFile("# what it shows\n\n" + examples[1] + "\n")
	require.NoError(t, err)
	require.Equal(t, examples[1], c.String())
	c, err = ParseFile("\uFEFF# from an editor\r\n" + strings.ReplaceAll(examples[1], "; ", ";\r\n  ") + "\r\n")
	require.NoError(t, err, "a byte order mark, other line ends, and a case that was wrapped")
	require.Equal(t, examples[1], c.String())
	_, err = ParseFile(examples[1] + "\n" + examples[1])
	require.ErrorContains(t, err, "a file holds one case")
	for _, text := range []string{"# nothing\n", "", "\n\n"} {
		_, err = ParseFile(text)
		require.ErrorIs(t, err, ErrCase)
		require.ErrorContains(t, err, "nothing but comments and empty lines: a case begins with")
	}
}

// What a report has wrapped can be pasted as it is, wherever a line ended.
func TestALineBreakCountsAsABlank(t *testing.T) {
	t.Parallel()
	for _, text := range examples {
		c, err := Parse(strings.ReplaceAll(text, " ", "\n        "))
		require.NoError(t, err, text)
		require.Equal(t, text, c.String())
	}
}

func TestTheTextOfACaseIsToldFromTheNameOfAFile(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		examples[0], "v2 anything", "v1; w0: append 1", " v17 x", "handover=stale scenario=log; w0:", "# a comment\nv1", "w0: flush\nw1: flush",
	} {
		require.True(t, cases.IsText(text), "%q", text)
	}
	for _, name := range []string{"", "v1", "v1.case", "found.case", "out/v1 of it.case", "vx y", "v y", "a b c", "w0: append 1; r0: read - end"} {
		require.False(t, cases.IsText(name), "%q", name)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range examples {
		f.Add(text)
	}
	f.Add("v1 scenario=log handover=stale; w0: append 4096 of 1048576; ~ w0@op#1=until:flusher@flush/wait#3")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			require.ErrorIs(t, err, ErrCase)
			return
		}
		again, err := Parse(c.String())
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}
