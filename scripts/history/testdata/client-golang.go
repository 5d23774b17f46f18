package history

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Write gives a count, a sum and buckets of the same observations, also while one is made.
func TestSumFitsCount(t *testing.T) {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h", Buckets: []float64{1, 2}})
	done := make(chan bool)
	go func() { h.Observe(1); h.Observe(1); close(done) }()
	var m dto.Metric
	if err := h.Write(&m); err != nil {
		t.Fatal(err)
	}
	hist := m.GetHistogram()
	if float64(hist.GetSampleCount()) != hist.GetSampleSum() || hist.GetBucket()[0].GetCumulativeCount() != hist.GetSampleCount() {
		t.Errorf("count, sum and buckets differ: %v", hist)
	}
	<-done
}
