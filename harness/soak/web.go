package soak

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

//go:embed assets
var assets embed.FS

var pageTemplate = template.Must(template.ParseFS(assets, "assets/page.html"))

// A page shows a running campaign. It changes nothing, and serves only those files that the findings name.
type page struct {
	live func() Live
	out  string
	any  bool // answer requests to any host name
}

// Handler serves the page of a campaign, and its metrics. With anyHost it answers requests to any host name. Without, it answers
// only requests to this machine itself, so that no other site can read the page through a name of its own (DNS rebinding).
func (s *Soak) Handler(anyHost bool) http.Handler {
	p := &page{live: s.Live, out: s.config.Out, any: anyHost}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{s.Live})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.whole)
	mux.HandleFunc("GET /live", p.part)
	mux.HandleFunc("GET /summary.json", p.summary)
	mux.HandleFunc("GET /page.css", asset("page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /page.js", asset("page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /findings/{print}/{file}", p.finding)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return p.guard(mux)
}

// guard refuses requests that do more than read, and those to a foreign host name. It also limits what a browser may do with
// the answers.
func (p *page) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "this page is for reading only", http.StatusMethodNotAllowed)
		case !p.any && !loopbackHost(r.Host):
			http.Error(w, "use this machine's own name: localhost, or its loopback address", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// loopbackHost reports whether a Host header names this machine itself.
func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address := net.ParseIP(host)
	return host == "localhost" || address != nil && address.IsLoopback()
}

func asset(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		content, _ := assets.ReadFile("assets/" + name) // embedded
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(content) // an error means that the reader has gone
	}
}

// A pageData is what the page is made from.
type pageData struct {
	Live
	Class, LeftText, TotalText, Doing, First string
	Permille                                 int
	Figures                                  []figure
	Open                                     []openFinding
	Plots                                    []plot
	Tables                                   []pageTable
}

type figure struct{ ID, Name, Value string }

type openFinding struct {
	*Finding
	Page string // the file to open on a click, "" for none
}

type pageTable struct {
	Heads []string
	Rows  [][]string
}

func (p *page) data() pageData {
	l := p.live()
	schedules, operations := l.rates()
	n := l.newest()
	d := pageData{
		Live: l, Class: l.Verdict, LeftText: short(l.Left), TotalText: short(l.Total), First: l.checksText(), Plots: plots(l.State.Samples), Doing: "Ended: " + l.State.Ended + ".",
	}
	if l.Verdict == VerdictNone {
		d.Class = "none"
	}
	if !l.Ended {
		d.Doing = "Looks for what is known first."
		if l.Round != "" {
			d.Doing = fmt.Sprintf("Now %s, for %s. %s", l.Round, short(l.Since), l.Progress.text())
		}
	}
	if l.Total > 0 {
		d.Permille = int(1000 * (l.Total - l.Left) / l.Total)
	}
	d.Figures = []figure{
		{"rounds", "rounds", grouped(l.State.Rounds)},
		{"schedules", "schedules", fmt.Sprintf("%s (%.0f/s)", grouped(l.State.Counts[CountSchedules]), schedules)},
		{"operations", "operations", fmt.Sprintf("%s (%.0f/s)", grouped(l.State.Counts[CountOperations]), operations)},
		{"crashes", "crashes", grouped(l.State.Counts[CountCrashes])},
		{"kills", "kills", grouped(l.State.Counts[CountKills])},
		{"failpoints", "failpoints", fmt.Sprintf("%d of %d", l.Passes, l.Passes+len(l.Never))},
		{"pairs", "pairs of failpoints", grouped(uint64(l.Pairs))},
		{"memory", "memory", bytesOf(n.Resident)},
		{"goroutines", "goroutines, files", fmt.Sprintf("%d, %d", n.Goroutines, n.Files)},
	}
	for _, f := range l.State.Open() {
		open := openFinding{Finding: f}
		for _, file := range []string{"report.html", "history.txt", "found.case"} {
			if open.Page == "" && slices.Contains(f.Files, file) {
				open.Page = file
			}
		}
		d.Open = append(d.Open, open)
	}
	for _, t := range l.allTables() {
		rows := pageTable{Heads: []string{t.name, "rounds", "no verdict", "time", "new", "done"}}
		for _, name := range slices.Sorted(maps.Keys(t.of)) {
			n := t.of[name]
			rows.Rows = append(rows.Rows, []string{name, fmt.Sprint(n.Rounds), fmt.Sprint(n.Inconclusive), short(n.Took), fmt.Sprint(n.New), n.Counts.text()})
		}
		d.Tables = append(d.Tables, rows)
	}
	return d
}

func (p *page) whole(w http.ResponseWriter, _ *http.Request) { p.render(w, "page.html") }

func (p *page) part(w http.ResponseWriter, _ *http.Request) { p.render(w, "live") }

func (p *page) render(w http.ResponseWriter, name string) {
	var b bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&b, name, p.data()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func (p *page) summary(w http.ResponseWriter, _ *http.Request) {
	content, err := json.MarshalIndent(p.live().Summary, "", " ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(content)
}

// fileKinds are the content types of findings' files; all others are text. A report's page contains its script and style.
// reportPolicy allows it nothing more: it can reach neither this page nor anything else.
var fileKinds = map[string]string{
	".html": "text/html; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json", ".xml": "text/xml; charset=utf-8",
}

const reportPolicy = "sandbox allow-scripts allow-popups; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

// finding serves a file that a finding names. The file must lie in the finding's folder; links do not lead out of it.
func (p *page) finding(w http.ResponseWriter, r *http.Request) {
	print, name := r.PathValue("print"), r.PathValue("file")
	f := p.live().State.Findings[print]
	if f == nil || !slices.Contains(f.Files, name) {
		http.NotFound(w, r)
		return
	}
	content, err := readBelow(filepath.Join(p.out, findingsFolder), path.Join(print, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.NotFound(w, r)
		return
	case err != nil:
		http.Error(w, "the file cannot be read", http.StatusInternalServerError)
		return
	}
	kind := fileKinds[path.Ext(name)]
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Security-Policy", reportPolicy)
	_, _ = w.Write(content)
}

func readBelow(folder, name string) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// Reserve listens on an address for the page of a campaign that has not begun. Without a host, the address is for this machine
// alone. Errors wrap ErrConfig.
func Reserve(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%w: listen at %q: %w: write HOST:PORT, such as 127.0.0.1:8080", ErrConfig, address, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return listener, nil
}

// Serve serves the page and the metrics on a reserved listener, until stop is called.
func (s *Soak) Serve(listener net.Listener) (url string, stop func()) {
	heard := listener.Addr().(*net.TCPAddr)
	server := &http.Server{Handler: s.Handler(!heard.IP.IsLoopback()), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // until it is stopped
	}()
	return "http://" + heard.String() + "/", func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-done
	}
}
