package columns

import (
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"
)

func TestProseIsBrokenBetweenWords(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"a word", "  and", "  one", "  more"}, Wrap("a word and one more", 6, "  "))
	require.Equal(t, []string{"   in", "   deeper"}, Wrap("   in deeper", 9, "   "), "what a line begins with is no end")
	require.Equal(t, []string{"short"}, Wrap("short", 80, "  "))
	require.Equal(t, []string{"abcde", " fgh"}, Wrap("abcdefgh", 5, " "), "a word that fits no line")
	require.Equal(t, []string{"a", " abcdefgh", " b"}, Words("a abcdefgh b", 5, " "))
	require.Equal(t, []string{"abcdefgh"}, Words("abcdefgh", 5, " "))
	require.Equal(t, []string{""}, Wrap("", 5, " "))
	require.Equal(t, []string{"any width"}, Wrap("any width", 0, " "))
	for _, columns := range []int{1, 2, 7, 40} {
		for _, line := range Wrap("窓 窓窓 the moments in which a write is lost      and blanks   ", columns, "") {
			require.LessOrEqual(t, utf8.RuneCountInString(line), columns)
		}
	}
}

// commands are what reports print, and something with quotes of each kind.
var commands = []string{
	"racewindow stress --handover stale --goroutines 10000 --duration 40s --seed 8354038919161135832",
	"racewindow replay 'v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0'",
	"racewindow explore --program 'w0: append 1, flush; r0: read - end' --exhaustive --preemptions 3",
	"racewindow soak --round 'v1 kind=explore variant=snapshot number=17 seed=123 for=5s'",
	`racewindow test -run 'TestA  of a name with blanks/that  must stay' --dir "a folder" ./...`,
}

// Pasted into a shell, the lines are the command that they were made of.
func TestACommandCanBePastedAsItIsPrinted(t *testing.T) {
	t.Parallel()
	for _, command := range commands {
		for _, columns := range []int{1, 20, 40, 60, 80, 100, 4000} {
			lines := Command(command, columns, "        ")
			for _, line := range lines {
				words := strings.Fields(strings.TrimSuffix(line, ` \`))
				require.True(t, utf8.RuneCountInString(line) <= columns || len(words) == 1 || strings.ContainsAny(line, `'"`), "%d: %q", columns, line)
			}
			require.Equal(t, arguments(t, command), arguments(t, strings.Join(lines, "\n")), "%d columns", columns)
		}
	}
	require.Equal(t, []string{"a --b see", "  (it may", "  take", "  another", "  try)"}, Command("a --b see (it may take another try)", 9, "  "))
	require.Equal(t, []string{"a (b c) d"}, Command("a (b c) d", 80, ""), "parentheses in the middle are the command's own")
}

// arguments are what a shell makes of a command, with each stretch of blanks in a case as one.
func arguments(t *testing.T, command string) (words []string) {
	t.Helper()
	c := exec.Command("sh", "-c", `racewindow() { printf '%s\0' "$@"; }`+"\n"+command)
	output, err := c.Output()
	require.NoError(t, err, command)
	words = strings.Split(strings.TrimSuffix(string(output), "\x00"), "\x00")
	for i, word := range words {
		if strings.Contains(word, ";") || strings.HasPrefix(word, "v1 ") || strings.HasPrefix(word, "v1\n") {
			words[i] = strings.Join(strings.Fields(word), " ")
		}
	}
	return words
}

func TestNothingIsLostWhereALineEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, indent string
		width        int
		want         []string
	}{
		{"", "", 10, []string{""}},
		{"one two", "  ", 10, []string{"one two"}},
		{"one two three four", "  ", 10, []string{"one two", "  three", "  four"}},
		{"abcdefghijklmn", "  ", 10, []string{"abcdefghij", "  klmn"}},
		{"     indented already", "     ", 12, []string{"     indente", "     d", "     already"}},
		{"abcdefghij klm", "", 10, []string{"abcdefghij", "klm"}},
	} {
		require.Equal(t, c.want, Wrap(c.text, c.width, c.indent), "%q", c.text)
	}
	properties := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	properties.Property("nothing is lost but spaces, no line is too wide, and it ends", prop.ForAll(func(text string, width int, indent int) bool {
		lines := Wrap(text, width, strings.Repeat(" ", indent))
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		for _, line := range lines {
			if utf8.RuneCountInString(line) > width {
				return false
			}
		}
		return squeeze(strings.Join(lines, "")) == squeeze(text)
	}, gen.SliceOf(gen.OneConstOf("word", " ", "ä", "a longer one", "  ", "x")).Map(func(words []string) string { return strings.Join(words, "") }),
		gen.IntRange(20, 40), gen.IntRange(0, 8)))
	properties.TestingRun(t)
}
