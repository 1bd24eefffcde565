// Measures the work queue of client-go 0.26, on which controllers of Kubernetes are built: add, get, forget and done by
// key. It is a port, since its module is not among the packages of Debian: the same slice, sets, condition and locks,
// the failures of its limiter, and the instruments that Prometheus has under its metrics. Prints one JSON object:
// nanoseconds of an operation.
//
//	main bare 10000
//	main metered 10000
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type set map[interface{}]struct{}

func (s set) has(item interface{}) bool { _, exists := s[item]; return exists }

// queue is util/workqueue.Type: an item is dirty while it is wanted, and stands in queue unless it is processed.
type queue struct {
	items             []interface{}
	dirty, processing set
	cond              *sync.Cond
	shuttingDown      bool
	metrics           *metrics
}

func newQueue(m *metrics) *queue {
	return &queue{dirty: set{}, processing: set{}, cond: sync.NewCond(&sync.Mutex{}), metrics: m}
}

func (q *queue) add(item interface{}) {
	q.cond.L.Lock()
	defer q.cond.L.Unlock()
	if q.shuttingDown || q.dirty.has(item) {
		return
	}
	q.metrics.add(item)
	q.dirty[item] = struct{}{}
	if q.processing.has(item) {
		return
	}
	q.items = append(q.items, item)
	q.cond.Signal()
}

func (q *queue) get() (item interface{}, shutdown bool) {
	q.cond.L.Lock()
	defer q.cond.L.Unlock()
	for len(q.items) == 0 && !q.shuttingDown {
		q.cond.Wait()
	}
	if len(q.items) == 0 {
		return nil, true
	}
	item = q.items[0]
	q.items[0] = nil
	q.items = q.items[1:]
	q.metrics.get(item)
	q.processing[item] = struct{}{}
	delete(q.dirty, item)
	return item, false
}

func (q *queue) done(item interface{}) {
	q.cond.L.Lock()
	defer q.cond.L.Unlock()
	q.metrics.done(item)
	delete(q.processing, item)
	if q.dirty.has(item) {
		q.items = append(q.items, item)
		q.cond.Signal()
	} else if len(q.processing) == 0 {
		q.cond.Signal()
	}
}

// limiter is what Forget of ItemExponentialFailureRateLimiter needs.
type limiter struct {
	lock     sync.Mutex
	failures map[interface{}]int
}

func (l *limiter) forget(item interface{}) {
	l.lock.Lock()
	defer l.lock.Unlock()
	delete(l.failures, item)
}

// metrics is defaultQueueMetrics; nil where no provider of metrics is set.
type metrics struct {
	adds, depth             float
	waited, worked          *histogram
	addTimes, startingTimes map[interface{}]time.Time
}

func newMetrics() *metrics {
	return &metrics{waited: newHistogram(), worked: newHistogram(),
		addTimes: map[interface{}]time.Time{}, startingTimes: map[interface{}]time.Time{}}
}

func (m *metrics) add(item interface{}) {
	if m == nil {
		return
	}
	m.adds.add(1)
	m.depth.add(1)
	if _, exists := m.addTimes[item]; !exists {
		m.addTimes[item] = time.Now()
	}
}

func (m *metrics) get(item interface{}) {
	if m == nil {
		return
	}
	m.depth.add(-1)
	m.startingTimes[item] = time.Now()
	if start, exists := m.addTimes[item]; exists {
		m.waited.observe(time.Since(start).Seconds())
		delete(m.addTimes, item)
	}
}

func (m *metrics) done(item interface{}) {
	if m == nil {
		return
	}
	if start, exists := m.startingTimes[item]; exists {
		m.worked.observe(time.Since(start).Seconds())
		delete(m.startingTimes, item)
	}
}

// float is a counter or a gauge of Prometheus.
type float struct{ bits uint64 }

func (f *float) add(value float64) {
	for {
		old := atomic.LoadUint64(&f.bits)
		if atomic.CompareAndSwapUint64(&f.bits, old, math.Float64bits(math.Float64frombits(old)+value)) {
			return
		}
	}
}

// histogram is one of Prometheus, with the buckets of controller-runtime: 10 ns to 1,000 s.
type histogram struct {
	bounds  []float64
	buckets []uint64
	count   uint64
	sum     float
}

func newHistogram() *histogram {
	bounds := make([]float64, 12)
	for index := range bounds {
		bounds[index] = math.Pow10(index - 8)
	}
	return &histogram{bounds: bounds, buckets: make([]uint64, len(bounds))}
}

func (h *histogram) observe(value float64) {
	if bucket := sort.SearchFloat64s(h.bounds, value); bucket < len(h.buckets) {
		atomic.AddUint64(&h.buckets[bucket], 1)
	}
	h.sum.add(value)
	atomic.AddUint64(&h.count, 1)
}

func cpuNs() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func main() {
	size, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	var m *metrics
	if os.Args[1] == "metered" {
		m = newMetrics()
	}
	keys := make([]interface{}, size)
	for index := range keys {
		keys[index] = fmt.Sprintf("default/key-%d", index)
	}
	q, failures := newQueue(m), &limiter{failures: map[interface{}]int{}}
	cycle := func() {
		for _, key := range keys {
			q.add(key)
		}
		for len(q.items) > 0 {
			key, _ := q.get()
			failures.forget(key)
			q.done(key)
		}
	}
	for done := 0; done < 500_000; done += size {
		cycle()
	}
	samples := []float64{}
	var wall, cpu int64
	for wall < 2*time.Second.Nanoseconds() {
		used, start := cpuNs(), time.Now()
		cycle()
		took := time.Since(start).Nanoseconds()
		cpu += cpuNs() - used
		wall += took
		samples = append(samples, float64(took)/float64(size))
	}
	operations := float64(len(samples) * size)
	out, err := json.Marshal(map[string]any{"samples": samples, "mean": float64(wall) / operations, "cpuNs": float64(cpu) / operations})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(out))
}
