# Sourced by demo/run, demo/down, bench/run and .ci/test: a throw-away Kubernetes cluster
# in one container, and lines that say what goes on meanwhile.
# shellcheck shell=bash

K3S=rancher/k3s:v1.34.4-k3s1

# say SENTENCE…
say() { printf '\n%s\n' "$@"; }

# step TEXT COMMAND…: says what goes on and how long it took; the command's own
# words are shown only when it fails. Whoever traps Ctrl-C has to end `jobs -p`: a
# background command does not get it.
step() {
  local text=$1 started=$SECONDS log pid status=0; shift
  log=$(mktemp)
  printf -- '- %s …' "$text"
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    if [ -t 1 ]; then printf '\r- %s … %d s' "$text" $((SECONDS - started)); fi
    sleep 0.2
  done
  wait "$pid" || status=$?
  if [ -t 1 ]; then printf '\r- %s …' "$text"; fi
  if [ $status = 0 ]; then
    printf ' done in %d s\n' $((SECONDS - started))
  else
    printf ' failed after %d s. It said:\n' $((SECONDS - started))
    tail -n 60 "$log" | sed 's/^/    /'
  fi
  rm -f "$log"
  return $status
}

# start_cluster NAME KUBECONFIG: a container of that name, instead of one that may be there.
start_cluster() {
  local name=$1 kubeconfig=$2 port
  stop_cluster "$name" "$kubeconfig"
  docker run --detach --name "$name" --hostname "$name" --privileged --cgroupns host --tmpfs /run --tmpfs /var/run \
    --publish 127.0.0.1::6443 "$K3S" server --disable=traefik --tls-san=127.0.0.1
  until docker logs "$name" 2>&1 | grep -q "Node controller sync successful"; do
    [ "$(docker inspect -f '{{.State.Running}}' "$name")" = true ] || { docker logs "$name" 2>&1 | tail -n 30; return 1; }
    sleep 0.5
  done
  until docker exec "$name" kubectl get serviceaccount default >/dev/null 2>&1; do sleep 0.5; done
  docker exec "$name" kubectl wait --for=condition=Ready node --all --timeout=120s
  port=$(docker port "$name" 6443/tcp | head -n 1)
  mkdir -p "$(dirname "$kubeconfig")"
  (umask 077; docker exec "$name" cat /etc/rancher/k3s/k3s.yaml | sed "s#https://127.0.0.1:6443#https://127.0.0.1:${port##*:}#" > "$kubeconfig")
}

# stop_cluster NAME KUBECONFIG
stop_cluster() {
  docker rm --force --volumes "$1" >/dev/null 2>&1 || true
  rm -f "$2"
}

# import_images NAME IMAGE…: makes local images known to the cluster; there is no registry in it.
import_images() {
  local name=$1; shift
  docker save "$@" | docker exec -i "$name" ctr -n k8s.io images import -
}

# fetch IMAGE…: pulls those that are not here yet.
fetch() {
  local image
  for image in "$@"; do docker image inspect "$image" >/dev/null 2>&1 || docker pull "$image"; done
}
