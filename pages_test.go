package racewindow_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxPageLines are the pages that must stay short, with the most lines that each may have.
var maxPageLines = map[string]int{"README.md": 150, "ARCHITECTURE.md": 250}

// pages are the Markdown files that people read.
func pages(t *testing.T) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && path != "." && (name == "testdata" || name == "out" || name == "bin" || name[0] == '.') {
			return filepath.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(path, ".md") {
			paths = append(paths, path)
		}
		return nil
	}))
	require.Greater(t, len(paths), 15, "pages were found")
	return paths
}

func TestTheMainPagesAreShort(t *testing.T) {
	t.Parallel()
	for page, most := range maxPageLines {
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		require.LessOrEqual(t, strings.Count(string(content), "\n"), most, page)
	}
}

// A link of a page is to something that is there; what another page calls by a heading has that heading.
func TestEveryLinkOfThePagesLeadsSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	count := 0
	for _, page := range pages(t) {
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, found := range link.FindAllStringSubmatch(withoutCode(string(content)), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			count++
			path, heading, _ := strings.Cut(found[1], "#")
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			_, err := os.Stat(target)
			require.NoError(t, err, "%s links to %s", page, found[1])
			if heading != "" {
				require.Contains(t, headings(t, target), heading, "%s links to %s", page, found[1])
			}
		}
	}
	require.Greater(t, count, 40, "links were looked at")
}

// The folders that people look into have a page each, and the main page leads to it.
func TestTheFoldersThatPeopleLookIntoHaveAPage(t *testing.T) {
	t.Parallel()
	main, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, folder := range []string{"failpoints", "storage", "harness", "harness/sched", "harness/plain", "harness/soak", "harness/report", "properties", "scripts"} {
		page := folder + "/README.md"
		require.FileExists(t, page)
		require.Contains(t, string(main), "("+page+")")
	}
}

// withoutCode leaves out what stands in fences and between backquotes.
func withoutCode(text string) string {
	text = regexp.MustCompile("(?s)```.*?```").ReplaceAllString(text, "")
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllString(text, "")
}

// headings are the anchors of a page, as GitHub makes them.
func headings(t *testing.T, page string) (anchors []string) {
	t.Helper()
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	for line := range strings.SplitSeq(string(content), "\n") {
		if title, found := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); found && strings.HasPrefix(line, "#") {
			anchor := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(title), "")
			anchors = append(anchors, strings.ReplaceAll(anchor, " ", "-"))
		}
	}
	return anchors
}

// The Check of the README is one that runs: scripts/alone does what the page says with it, as an outsider.
func TestTheCheckOfTheMainPageIsAnExample(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	example, err := os.ReadFile(filepath.Join("harness", "examples", "first", "check_test.go"))
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, block)
	require.Contains(t, string(example), string(block[1]))
}
