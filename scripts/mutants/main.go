// Command mutants measures how many bugs the harness finds. It plants one small bug after another in the engine, and each
// strategy searches for it. The bugs are the patches of its folder; the overlay plants them, so the tree does not change. The
// command prints which bugs were caught, after how many schedules, and the smallest case. It ends with exit code 1 if a bug is not
// caught and its patch does not declare it equivalent.
//
//	go run ./scripts/mutants --seeds 3 --out out/mutants
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/racewindow/racewindow/harness/output"
	"github.com/racewindow/racewindow/harness/spelling"
	"github.com/racewindow/racewindow/scripts/mutants/planted"
	"github.com/racewindow/racewindow/scripts/pages"
)

// strategyNames are the columns of the table.
var strategyNames = []string{"random", "pct", "pos", "surw", "guided", "bounded", "portfolio"}

// A config holds the values of the flags.
type config struct {
	folder, out, readme string
	racewindow          string
	seeds, schedules    int
	estimate, parallel  int
	budget, timeout     time.Duration
	json, keep          bool
	run                 *regexp.Regexp
	strategies          []string // some of strategyNames
}

var errSurvivor = fmt.Errorf("%w: strengthen the harness, or declare the patch '# equivalent: ARGUMENT'", planted.ErrSurvivor)

func main() {
	var c config
	flag.StringVar(&c.folder, "patches", "scripts/mutants", "`FOLDER` of the patches")
	flag.StringVar(&c.out, "out", "out/mutants", "`FOLDER` for binaries and results")
	flag.StringVar(&c.readme, "readme", "", "also put the table into this `FILE`, between its markers")
	flag.IntVar(&c.seeds, "seeds", 3, "searches of each strategy for each bug")
	flag.IntVar(&c.schedules, "schedules", 100_000, "give up a search after `N` schedules")
	flag.DurationVar(&c.budget, "budget", 10*time.Second, "give up a search after this time")
	flag.IntVar(&c.estimate, "estimate", 100_000, "random schedules of each smallest program")
	flag.IntVar(&c.parallel, "parallel", 2, "how many bugs are measured at the same time")
	flag.DurationVar(&c.timeout, "timeout", 10*time.Minute, "for one bug")
	flag.BoolVar(&c.json, "json", false, "print JSON instead of the table")
	flag.BoolVar(&c.keep, "keep", false, "take the results of bugs that --run leaves out, and of strategies that --strategies leaves out, from an earlier measurement in --out")
	strategies := flag.String("strategies", strings.Join(strategyNames, ","), "only these `STRATEGIES`, separated by commas")
	only := flag.String("run", "", "only bugs whose name matches this `REGEXP`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	c.strategies = strings.Split(*strategies, ",")
	err := c.settle(*only, flag.Args())
	if err == nil {
		err = c.measure(ctx)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	os.Exit(planted.ExitCode(err))
}

// settle compiles --run and checks the other flags.
func (c *config) settle(only string, rest []string) (err error) {
	if c.run, err = regexp.Compile(only); err != nil {
		return fmt.Errorf("%w: --run: %w", planted.ErrUsage, err)
	}
	for _, name := range c.strategies {
		if !slices.Contains(strategyNames, name) {
			return fmt.Errorf("%w: --strategies %q%s: choose some of %s", planted.ErrUsage, name, spelling.Meant(name, strategyNames), strings.Join(strategyNames, ", "))
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%w: unexpected argument %q", planted.ErrUsage, rest[0])
	case c.seeds < 1 || c.schedules < 1 || c.estimate < 1:
		return fmt.Errorf("%w: --seeds %d --schedules %d --estimate %d: at least 1 each", planted.ErrUsage, c.seeds, c.schedules, c.estimate)
	case c.parallel < 1 || c.parallel > 1<<10:
		return fmt.Errorf("%w: --parallel %d: 1 to %d", planted.ErrUsage, c.parallel, 1<<10)
	case c.budget <= 0 || c.timeout <= 0:
		return fmt.Errorf("%w: --budget %v --timeout %v: must be positive", planted.ErrUsage, c.budget, c.timeout)
	}
	return nil
}

// matching is an error if --run matches no planted bug.
func (c config) matching(mutants []mutant) error {
	var all []string
	for _, m := range mutants {
		if c.run.MatchString(m.Name) {
			return nil
		}
		all = append(all, m.Name)
	}
	return fmt.Errorf("--run %s: no planted bug matches, so nothing was judged; near are %s", c.run, strings.Join(spelling.Near(c.run.String(), all, 3), ", "))
}

func (c config) measure(ctx context.Context) error {
	mutants, err := readMutants(c.folder)
	if err != nil {
		return err
	}
	if err := c.matching(mutants); err != nil {
		return err
	}
	if err := os.MkdirAll(c.out, 0o777); err != nil {
		return err
	}
	began := time.Now()
	c.racewindow = filepath.Join(c.out, "racewindow")
	if err := goCommand(ctx, "build", "-o", c.racewindow, "./harness/cmd/racewindow"); err != nil {
		return err
	}
	// The engine without a bug comes first: what is found there would be found with every bug.
	mutants = append([]mutant{{Name: control, Bug: "none: the engine as it is"}}, mutants...)
	before, err := c.before()
	if err != nil {
		return err
	}
	var chosen []measured
	for _, m := range mutants {
		row, _ := before.row(m)
		if row.mutant = m; (m.Name == control || c.run.MatchString(m.Name)) && !row.has(c.strategies) {
			chosen = append(chosen, row)
		}
	}
	r := results{Seeds: c.seeds, Schedules: c.schedules, Budget: c.budget, Mutants: before.with(mutants, c.all(ctx, chosen))}
	r.Duration = before.Duration + time.Since(began)
	if ctx.Err() != nil {
		c.readme = "" // an interrupted measurement is printed, but goes into no page
		return errors.Join(fmt.Errorf("interrupted: %w", ctx.Err()), c.tell(r))
	}
	return c.tell(r)
}

// before reads the earlier measurement with --keep. It leaves out the searches that are to be made again.
func (c config) before() (r results, err error) {
	if !c.keep {
		return r, nil
	}
	text, err := os.ReadFile(filepath.Join(c.out, "mutants.json"))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err == nil && (r.Seeds != c.seeds || r.Schedules != c.schedules || r.Budget != c.budget) {
		err = fmt.Errorf("%w: --keep: the earlier measurement has --seeds %d --schedules %d --budget %v: give the same", planted.ErrUsage, r.Seeds, r.Schedules, r.Budget)
	}
	for i := range r.Mutants {
		if m := &r.Mutants[i]; m.Name != control && c.run.MatchString(m.Name) || !m.has(c.strategies) {
			m.forget(c.strategies)
		}
	}
	r.Mutants = slices.DeleteFunc(r.Mutants, func(m measured) bool { return len(m.Searches) == 0 })
	return r, err
}

// all measures the bugs, c.parallel at a time. The results come in the order of the bugs.
func (c config) all(ctx context.Context, chosen []measured) []measured {
	list := make([]measured, len(chosen))
	slots := make(chan struct{}, c.parallel)
	var wait sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for i, m := range chosen {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			one, cancel := context.WithTimeout(ctx, c.timeout)
			defer cancel()
			list[i] = c.one(one, m)
			mu.Lock()
			defer mu.Unlock()
			done++
			fmt.Fprintf(os.Stderr, "%d/%d %s\n", done, len(chosen), list[i].line())
		})
	}
	wait.Wait()
	return list
}

// tell prints and saves the results. It returns an error if they are no pass.
func (c config) tell(r results) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	for name, content := range map[string]string{"mutants.json": string(text) + "\n", "mutants.md": r.markdown()} {
		if err := output.Write(filepath.Join(c.out, name), []byte(content)); err != nil {
			return err
		}
	}
	if c.readme != "" {
		if err := pages.Write(c.readme, command, r.markdown()); err != nil {
			return err
		}
	}
	if c.json {
		fmt.Println(string(text))
	} else {
		fmt.Print(r.text())
	}
	return r.verdict()
}
