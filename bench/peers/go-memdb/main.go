// Measures go-memdb, on which the stores of Swarm and Nomad are built: every write in a transaction of its own, on a
// table with a key, an index and one for labels. Prints one JSON object: nanoseconds of an operation.
//
//	main create 100000
//	main update 100000
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	memdb "github.com/hashicorp/go-memdb"
)

// Pod has as much in it as that of the other peers.
type Pod struct {
	Key, Node, Image, RestartPolicy, ServiceAccount string
	Labels, Annotations                            map[string]string
	Priority, GraceSeconds                         int
	Command                                        []string
	Env, Requests, Limits                          map[string]string
	Ports                                          map[string]int
	Tolerations                                    []Toleration
}

// Toleration is one of a pod.
type Toleration struct {
	Key, Operator, Effect string
	Seconds               int
}

func hash(index int) string { return fmt.Sprintf("%08x", uint32(index+1)*0x9e3779b1) }

func makePod(index int) *Pod {
	app := fmt.Sprintf("app-%d", index/200)
	return &Pod{
		Key: fmt.Sprintf("team-%d/web-%s", index%100, hash(index)), Node: fmt.Sprintf("node-%d", index%1000),
		Image: fmt.Sprintf("registry.example.com/shop/%s:v1.%d.0", app, index%20), RestartPolicy: "Always", ServiceAccount: "web",
		Labels:      map[string]string{"app": app, "tier": []string{"front", "back"}[index%2], "zone": fmt.Sprintf("zone-%d", index%3), "track": "stable"},
		Annotations: map[string]string{"example.com/config-hash": hash(index^0x5eed) + hash(index)},
		Priority:    index % 10, GraceSeconds: 30,
		Command:  []string{"/bin/server", "--listen=:8080", "--log-level=info"},
		Env:      map[string]string{"POD_NAME": hash(index), "DATABASE_URL": "postgres://db:5432/orders", "CACHE_URL": "redis://cache:6379/0", "FEATURES": "checkout,search"},
		Requests: map[string]string{"cpu": "250m", "memory": "256Mi"}, Limits: map[string]string{"cpu": "1", "memory": "512Mi"},
		Ports:       map[string]int{"http": 8080, "metrics": 9090},
		Tolerations: []Toleration{{"node/not-ready", "Exists", "NoExecute", 300}, {"node/unreachable", "Exists", "NoExecute", 300}},
	}
}

func cpuNs() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func put(db *memdb.MemDB, pod *Pod) {
	txn := db.Txn(true)
	if err := txn.Insert("pod", pod); err != nil {
		panic(err)
	}
	txn.Commit()
}

func main() {
	size, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	db, err := memdb.NewMemDB(&memdb.DBSchema{Tables: map[string]*memdb.TableSchema{"pod": {
		Name: "pod",
		Indexes: map[string]*memdb.IndexSchema{
			"id":     {Name: "id", Unique: true, Indexer: &memdb.StringFieldIndex{Field: "Key"}},
			"node":   {Name: "node", Indexer: &memdb.StringFieldIndex{Field: "Node"}},
			"labels": {Name: "labels", Indexer: &memdb.StringMapFieldIndex{Field: "Labels"}},
		},
	}}})
	if err != nil {
		panic(err)
	}
	if os.Args[1] == "update" {
		for index := 0; index < size; index++ {
			put(db, makePod(index))
		}
	}
	const batch = 500
	samples := []float64{}
	var wall, cpu int64
	for from := 0; from < size; from += batch {
		pods := make([]*Pod, 0, batch)
		for index := from; index < from+batch && index < size; index++ {
			pod := makePod(index)
			pod.Priority += 100
			pods = append(pods, pod)
		}
		used, start := cpuNs(), time.Now()
		for _, pod := range pods {
			put(db, pod)
		}
		took := time.Since(start).Nanoseconds()
		cpu += cpuNs() - used
		wall += took
		samples = append(samples, float64(took)/float64(len(pods)))
	}
	out, err := json.Marshal(map[string]any{"samples": samples, "mean": float64(wall) / float64(size), "cpuNs": float64(cpu) / float64(size)})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(out))
}
