#!/bin/sh
# bench/blocks.sh [NAME...]: every building block that a recipe can name, trained for a few epochs on real data by a
# small network, one core each: does it learn? Prints a table (docs/BLOCKS.md) of the mean loss of the first and the
# last epoch and the figure on held-out train pictures. Needs VITRINE_DATA; JOBS=2 runs two at a time.
set -eu
cd "$(dirname "$0")/.."
vitrine=${VITRINE:-build/vitrine} out=${OUT:-$(mktemp -d /tmp/vitrine-blocks-XXXXXX)} jobs=${JOBS:-1}
export OMP_NUM_THREADS=1 VITRINE_THREADS=1 OMP_WAIT_POLICY=passive
mkdir -p "$out"

# NAME TASK KEYS...; the first of its task is what the others are to be compared with.
blocks() {
  cat <<'LIST'
plain classify
depthwise classify convolution=depthwise
spatial classify convolution=spatial
grouped classify convolution=grouped
dilated classify convolution=dilated
deformable classify convolution=deformable
deformable_v2 classify convolution=deformable_v2
mirror classify border=mirror
norm_layer classify norm=layer
norm_instance classify norm=instance
norm_group classify norm=group
norm_switchable classify norm=switchable
norm_local_response classify norm=local_response
se classify attention=se
cbam classify attention=cbam
eca classify attention=eca
bam classify attention=bam
residual_attention classify attention=residual
self_attention classify attention=self
sccapsnet classify backbone=sccapsnet
rccapsnet classify backbone=rccapsnet
relu6 classify activation=relu6
leaky_relu classify activation=leaky_relu
prelu classify activation=prelu
elu classify activation=elu
celu classify activation=celu
selu classify activation=selu
gelu classify activation=gelu
silu classify activation=silu
mish classify activation=mish
hard_swish classify activation=hard_swish
sigmoid classify activation=sigmoid
hard_sigmoid classify activation=hard_sigmoid
tanh classify activation=tanh
softplus classify activation=softplus
softsign classify activation=softsign
dropout classify dropout=0.3
drop_block classify drop_block=0.2 drop_block_size=2
stochastic_depth classify stochastic_depth=0.3
sgd classify optimizer.name=sgd optimizer.lr=0.1 optimizer.momentum=0 optimizer.weight_decay=1e-4
momentum classify optimizer.name=sgd optimizer.lr=0.02 optimizer.weight_decay=1e-4
nesterov classify optimizer.name=sgd optimizer.lr=0.02 optimizer.nesterov=yes optimizer.weight_decay=1e-4
adagrad classify optimizer.name=adagrad optimizer.lr=0.02 optimizer.weight_decay=0
rmsprop classify optimizer.name=rmsprop optimizer.lr=0.001 optimizer.momentum=0 optimizer.beta2=0.99 optimizer.weight_decay=0
adam classify optimizer.name=adam optimizer.weight_decay=0
adamw classify optimizer.name=adamw optimizer.weight_decay=0.1
l1 classify l1=1e-5
l2 classify l2=1e-4
label_smoothing classify label_smoothing=0.1
mixup classify mixup=1
cutmix classify cutmix=1
focal classify loss=focal
weighted classify balance=0.5
binary classify loss=binary
distillation classify teacher=PLAIN
ce_dice segment
ce segment loss=ce
focal_pixels segment loss=focal
dice segment loss=dice
jaccard segment loss=jaccard
lovasz segment loss=lovasz
transposed segment upsampling=transposed
triplet embed
triplet_l2 embed metric_loss=triplet_l2
sccapsnet_triplet embed encoder=sccapsnet optimizer.lr=0.001
rccapsnet_triplet embed encoder=rccapsnet optimizer.lr=0.001
contrastive embed metric_loss=contrastive margin=1
arcface embed metric_loss=arcface margin=0.2
proxy_anchor embed metric_loss=proxy_anchor margin=0.1
smooth_l1 box loss=smooth_l1
iou box loss=iou
giou box loss=giou
diou box loss=diou
ciou box loss=ciou
LIST
}

# Keys of each task, beside its recipe's.
small() {
  echo "seed=1 precision=f32 charts=no stem=8 blocks=1,1,1,1 threads=1 loader.threads=1 ema=0"
  case $1 in
  classify) echo "encoder=8,16,32,64 epochs=3 validate_every=3 width=48 height=48 optimizer.lr=0.003 dropout=0
    label_smoothing=0 mixup=0 cutmix=0 balance=0" ;;
  segment) echo "encoder=8,16,32,64 decoder=32,24,16,16 epochs=6 validate_every=6 width=96 height=128 test_width=96
    test_height=160 synth= init= hold_out=12 optimizer.lr=0.003" ;;
  embed) echo "encoder=8,16,32,64 epochs=2 validate_every=2 width=48 height=64 anchors=1500 dim=32 group_dim=0
    class_dim=0 heads=articleType,baseColour head_weights=0,0 group_weight=0 shares=0,0,1,0,0 parts=0,0,0,100
    contrast_weight=0 synth= init= optimizer.lr=0.003" ;;
  box) echo "encoder=8,16,32,64 epochs=10 validate_every=10 optimizer.lr=0.003" ;;
  esac
}

metric() { case $1 in classify) echo top1 ;; segment) echo miou ;; embed) echo p10_type_colour ;; box) echo mean_iou ;; esac; }
recipe() { case $1 in embed) echo recipes/pretrain.yaml ;; segment) echo recipes/segment_base.yaml ;; *) echo "recipes/$1.yaml" ;; esac; }

one() { # NAME TASK KEYS...
  name=$1 task=$2
  shift 2
  keys=$(echo "$*" | sed "s|PLAIN|$out/plain/last.onnx|")
  # shellcheck disable=SC2046,SC2086 # words
  [ -f "$out/$name/last.onnx" ] || "$vitrine" train "$(recipe "$task")" --out "$out/$name" $(small "$task") $keys \
    >"$out/$name.log" 2>&1 || { echo "$name: $(tail -1 "$out/$name.log")"; return; }
}

row() { # NAME TASK KEYS...
  name=$1 task=$2
  shift 2
  [ -f "$out/$name/last.onnx" ] || { echo "| $name | - | - | failed: $(tail -1 "$out/$name.log") |"; return; }
  awk -F, -v name="$name" -v keys="$*" -v task="$task" -v want="$(metric "$task")" '
    NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "train_loss") l = i; if ($i == want) m = i; if ($i == want "_constant") c = i } }
    NR == 2 { first = $l }
    NR > 1 { last = $l; if ($m != "") figure = $m; if (c) other = $c }
    END { printf "| %s | `%s %s` | %.3f | %.3f | %s %.3f |\n", name, task, keys, first, last, want, figure
          if (c) printf "<!-- a box that is always the same: %.3f -->\n", other }' "$out/$name/results.csv"
}

all=$(blocks | while read -r line; do
  name=${line%% *}
  [ $# = 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
  echo "$line"
done)
n=0
while read -r line; do
  # shellcheck disable=SC2086 # words
  one $line &
  n=$((n + 1))
  if [ "$n" = 1 ] || [ $((n % jobs)) = 0 ]; then wait; fi # the first is the teacher of another
done <<LIST
$all
LIST
wait
echo "| Block | Recipe | Loss, first epoch | Last | Held out |"
echo "|---|---|---:|---:|---|"
while read -r line; do
  # shellcheck disable=SC2086 # words
  row $line
done <<LIST
$all
LIST
