# % include 'template/parts/task/image_classification/augment.py' %#
